"""Every kind of photograph becomes upright RGB; every unusable file is refused with a reason."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.preparation.decode import RefusedError, decode


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(content: bytes, background: str = "white") -> np.ndarray:
    return np.asarray(decode(content, background, 16)).astype(int)


def colour_image(size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Red left half, blue right half."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    return image


def refused(content: bytes) -> str:
    with pytest.raises(RefusedError) as caught:
        decode(content, "white", 16)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_exact_formats_give_exact_pixels(kind: str) -> None:
    np.testing.assert_array_equal(decoded(encoded(colour_image(), kind)), np.asarray(colour_image()))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 40}])
def test_jpeg_is_close(options: dict[str, Any]) -> None:
    pixels = decoded(encoded(colour_image(), "JPEG", **options))
    assert np.abs(pixels[:, 2] - [254, 0, 0]).max() < 30
    assert np.abs(pixels[:, -3] - [0, 0, 254]).max() < 30


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_come_out_upright(orientation: int) -> None:
    # Black with a white top left quarter, stored as a camera held in that orientation would store it.
    upright = np.zeros((40, 60), np.uint8)
    upright[:20, :30] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    np.testing.assert_array_equal(decoded(content)[..., 0], upright)


def test_grey_becomes_three_equal_channels() -> None:
    pixels = decoded(encoded(Image.new("L", (20, 20), 77), "PNG"))
    assert (pixels == 77).all()
    assert pixels.shape == (20, 20, 3)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    levels = np.full((20, 20), 32768, np.uint16)
    levels[0] = [0] * 10 + [65535] * 10
    pixels = decoded(encoded(Image.fromarray(levels), "PNG"))
    assert pixels[5, 5].tolist() == [128, 128, 128]
    assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (0, 255)


def test_transparent_pixels_show_the_background() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 0, 200, 255), (0, 0, 10, 20))
    image.paste((0, 0, 0, 51), (10, 0, 20, 10))
    pixels = decoded(encoded(image, "PNG"), background="#00ff00")
    assert pixels[15, 15].tolist() == [0, 255, 0]
    assert pixels[15, 5].tolist() == [0, 0, 200]
    # One fifth of black over green.
    assert pixels[5, 15].tolist() == [0, 204, 0]


def test_a_palette_with_a_transparent_colour_shows_the_background() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 10, 20))
    pixels = decoded(encoded(image, "PNG", transparency=0))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 15].tolist() == [200, 100, 50]


def test_cmyk_becomes_rgb() -> None:
    pixels = decoded(encoded(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95))
    assert np.abs(pixels[16, 16] - [254, 0, 0]).max() < 8


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decoded(content)[0, 0].tolist() == [255, 0, 0]


def test_unusable_files_are_refused_by_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8))
    jpeg = encoded(noise, "JPEG")
    assert refused(b"") == "empty"
    assert refused(b"just text") == "not an image"
    assert refused(jpeg[: len(jpeg) // 2]) == "truncated"
    assert refused(encoded(Image.new("RGB", (15, 400)), "PNG")) == "too small"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert refused(encoded(Image.new("RGB", (40, 40)), "PNG")) == "too many pixels"


KNOWN = {"RGB", "not an image", "truncated", "unreadable", "too small", "too many pixels"}


def outcome(content: bytes) -> str:
    try:
        return decode(content, "white", 16).mode
    except RefusedError as error:
        return error.reason


def test_damage_anywhere_is_refused_or_decoded_but_never_a_crash() -> None:
    generator = np.random.default_rng(0)
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF"):
        content = bytearray(encoded(colour_image(), kind))
        for _ in range(40):
            damaged = bytearray(content)
            for place in generator.integers(0, len(damaged), 3):
                damaged[place] = generator.integers(0, 256)
            assert outcome(bytes(damaged)) in KNOWN
