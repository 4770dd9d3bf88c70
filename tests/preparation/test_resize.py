"""256×256 by the paper's scale and central crop, by squashing, or by torchvision's arithmetic."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.preparation.decode import resize
from tests.preparation.photographs import encoded, landscape, photograph


def gradient(width: int, height: int) -> Image.Image:
    """Red grows from left to right, green from top to bottom, 0 to 255."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width).astype(np.uint8)
    pixels[..., 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(512, 256), (256, 512), (40, 33), (900, 300), (256, 256)])
@pytest.mark.parametrize("policy", ["crop", "squash", "torchvision"])
def test_every_size_becomes_256_by_256(size: tuple[int, int], policy: str) -> None:
    pixels = resize(gradient(*size), policy)
    assert (pixels.shape, pixels.dtype) == ((256, 256, 3), np.uint8)


def test_crop_keeps_the_middle_half_of_a_picture_twice_as_wide_as_high() -> None:
    pixels = resize(gradient(1024, 512), "crop").astype(int)
    assert abs(pixels[128, 0, 0] - 64) <= 2
    assert abs(pixels[128, -1, 0] - 191) <= 2
    assert pixels[0, 128, 1] <= 2
    assert pixels[-1, 128, 1] >= 253


def test_squash_keeps_the_edges() -> None:
    pixels = resize(gradient(1024, 512), "squash").astype(int)
    assert pixels[128, 0, 0] <= 2
    assert pixels[128, -1, 0] >= 253


def test_shrinking_is_antialiased() -> None:
    # Lines one pixel wide average to grey; without a filter some would survive as black or white.
    lines = np.zeros((1024, 1024, 3), np.uint8)
    lines[:, ::2] = 255
    pixels = resize(Image.fromarray(lines), "crop").astype(int)
    assert np.abs(pixels[:, 2:-2] - 127.5).max() < 8


def test_a_picture_of_the_right_size_is_not_changed() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize(Image.fromarray(pixels), "crop"), pixels)


@pytest.mark.parametrize("size", [(300, 256), (256, 401), (257, 256)])
def test_a_picture_whose_short_side_is_right_is_only_cut(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    left, top = (size[0] - 256) // 2, (size[1] - 256) // 2
    np.testing.assert_array_equal(resize(Image.fromarray(pixels), "crop"), pixels[top : top + 256, left : left + 256])


@pytest.mark.parametrize("size", [(1000, 500), (446, 374), (57, 33), (300, 901), (4000, 3000)])
def test_crop_is_what_scaling_and_then_cutting_gives(size: tuple[int, int]) -> None:
    picture = gradient(*size)
    scale = 256 / min(size)
    width, height = (round(side * scale) for side in size)
    left, top = (width - 256) // 2, (height - 256) // 2
    scaled = picture.resize((width, height), Image.Resampling.BICUBIC).crop((left, top, left + 256, top + 256))
    assert np.abs(resize(picture, "crop").astype(int) - np.asarray(scaled)).max() <= 1


def torchvision_crop(picture: Image.Image) -> NDArray[np.uint8]:
    """What `Resize(256)` and `CenterCrop(224)` do (torchvision/transforms: functional.py, _functional_pil.py)."""
    short, long = sorted(picture.size)
    width, height = (256 if side == short else int(256 * long / short) for side in picture.size)
    scaled = picture.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (int(round((side - 224) / 2.0)) for side in (width, height))  # noqa: RUF046
    return np.asarray(scaled.crop((left, top, left + 224, top + 224)))


@pytest.mark.parametrize(
    "size", [(500, 375), (375, 500), (257, 256), (259, 256), (256, 261), (256, 256), (57, 33), (300, 901), (1201, 16)]
)
def test_torchvisions_policy_gives_its_pixels(size: tuple[int, int]) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    np.testing.assert_array_equal(resize(noise, "torchvision")[16:240, 16:240], torchvision_crop(noise))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_torchvisions_policy_shrinks_nothing_on_the_way(kind: str) -> None:
    content = encoded(landscape(1100, 1040), kind)
    with Image.open(io.BytesIO(content)) as whole:
        expected = torchvision_crop(whole.convert("RGB"))
    image = photograph(content, policy="torchvision").image
    assert image.size == (1100, 1040)
    np.testing.assert_array_equal(resize(image, "torchvision")[16:240, 16:240], expected)


def test_a_strip_is_not_scaled_whole() -> None:
    strip = Image.new("RGB", (2_000_000, 16), "red")
    assert resize(strip, "torchvision").shape == (256, 256, 3)


def test_what_is_too_large_to_keep_whole_is_shrunk_for_torchvisions_policy_too() -> None:
    content = encoded(Image.new("RGB", (4200, 4100)), "JPEG")
    assert photograph(content, policy="torchvision").image.size == photograph(content).image.size
