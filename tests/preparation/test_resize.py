"""256×256 by the paper's scale and central crop, or by squashing."""

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.preparation.decode import resize


def gradient(width: int, height: int) -> Image.Image:
    """Red grows from left to right, green from top to bottom, 0 to 255."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width).astype(np.uint8)
    pixels[..., 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(512, 256), (256, 512), (40, 33), (900, 300), (256, 256)])
@pytest.mark.parametrize("policy", ["crop", "squash"])
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
