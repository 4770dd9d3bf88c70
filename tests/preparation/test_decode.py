"""Every kind of photograph becomes upright RGB; every unusable file is refused with a reason."""

import gzip
import struct
import time
import zlib
from itertools import chain
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError, decode
from tests.preparation.photographs import KINDS, decoded, encoded, noise, of_kind, photograph


def colour_image(size: tuple[int, int] = (40, 30)) -> Image.Image:
    """Red left half, blue right half."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    return image


def refused(content: bytes, **params: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        decode(content, ResizeParams(**params))
    assert "\n" not in str(caught.value)
    return caught.value.reason


def pixels_or_reason(content: bytes) -> np.ndarray | str:
    try:
        return decoded(content)
    except RefusedError as error:
        return error.reason


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of_zeros(side: int) -> bytes:
    """A black picture of one bit a pixel."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    rows = zlib.compress(bytes((1 + side // 8) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "lossless WebP", "TIFF", "deflated TIFF", "BMP", "PPM", "JPEG 2000"])
def test_exact_kinds_give_exact_pixels(kind: str) -> None:
    pixels = noise(40, 30, 3)
    np.testing.assert_array_equal(decoded(of_kind(kind, Image.fromarray(pixels))), pixels)


def test_a_gif_gives_the_colours_of_its_palette() -> None:
    np.testing.assert_array_equal(decoded(encoded(colour_image(), "GIF")), np.asarray(colour_image()))


@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG", "WebP", "AVIF"])
def test_lossy_kinds_are_close(kind: str) -> None:
    pixels = decoded(of_kind(kind, colour_image()))
    assert np.abs(pixels[:, 2] - [254, 0, 0]).max() < 30
    assert np.abs(pixels[:, -3] - [0, 0, 254]).max() < 30


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_come_out_upright(kind: str, orientation: int) -> None:
    # Black with a white top left quarter, stored as a camera held in that orientation would store it.
    upright = np.zeros((32, 64), np.uint8)
    upright[:16, :32] = 255
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
    image = photograph(encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif))
    assert image.size == (64, 32)
    assert np.abs(np.asarray(image.image)[..., 0].astype(int) - upright).max() < 30


def test_damaged_exif_is_remarked_on() -> None:
    content = encoded(colour_image(), "PNG", exif=b"Exif\0\0no header")
    assert photograph(content).remarks == {"EXIF": "its orientation cannot be read (SyntaxError)"}
    np.testing.assert_array_equal(decoded(content), np.asarray(colour_image()))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame_and_a_remark(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert photograph(content).remarks == {"animated": "the first frame is used"}
    assert np.abs(decoded(content)[0, 0] - [255, 0, 0]).max() < 3
    assert photograph(encoded(frames[0], kind)).remarks == {}


def test_an_animated_avif_is_not_called_damaged() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    assert refused(encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:])) == "unsupported"


def test_the_previews_in_a_cameras_file_are_no_animation() -> None:
    preview = Image.new("RGB", (20, 20), "blue")
    content = encoded(Image.new("RGB", (20, 20), "red"), "MPO", save_all=True, append_images=[preview])
    assert photograph(content).remarks == {}
    assert np.abs(decoded(content)[0, 0] - [254, 0, 0]).max() < 3


def test_a_photograph_that_is_compressed_once_more_is_unwrapped() -> None:
    content = gzip.compress(encoded(colour_image(), "PNG"))
    np.testing.assert_array_equal(decoded(content), np.asarray(colour_image()))
    assert refused(content[:-20]) == "truncated"
    assert refused(content[:-8] + b"\0\0\0\0" + content[-4:]) == "unreadable"
    assert refused(gzip.compress(bytes(1 << 27))) == "unreadable"
    assert refused(gzip.compress(b"text")) == "not an image"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_cut_file_is_truncated_unless_all_of_its_pixels_are_there(kind: str) -> None:
    content = of_kind(kind, Image.fromarray(noise(52, 40, 3)))
    whole = decoded(content)
    for kept in chain(range(40, len(content), 97), range(len(content) - 12, len(content))):
        found = pixels_or_reason(content[:kept])
        if isinstance(found, str):
            assert found == "truncated", f"{kept} of {len(content)} bytes"
        else:
            np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        (b"", "empty", "0 bytes"),
        (b"just text", "not an image", "no decoder knows it"),
        (b"<!DOCTYPE html><p>404", "not an image", "no decoder knows it"),
        (bytes(5000), "not an image", "no decoder knows it"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported", "SVG: convert it"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40), "unsupported", "HEIC: convert it"),
        (b"8BPS\0\1" + bytes(40), "unsupported", "Photoshop: convert it"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "unsupported", "PostScript: convert it"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\0" * 50, "unreadable", "its header is damaged"),
    ],
)
def test_unusable_files_are_refused_by_reason(content: bytes, reason: str, detail: str) -> None:
    with pytest.raises(RefusedError) as caught:
        decode(content, ResizeParams())
    assert caught.value.reason == reason
    assert caught.value.detail.startswith(detail)


def test_the_limits_of_size_are_those_of_the_parameters() -> None:
    content = encoded(Image.new("RGB", (15, 400)), "PNG")
    assert refused(content) == "too small"
    assert photograph(content, min_side=15).size == (15, 400)
    assert refused(content, min_side=15, max_pixels=5999) == "too many pixels"
    assert refused(content, min_side=15, max_pixels=1000) == "too many pixels"
    assert photograph(content, min_side=15, max_pixels=6000).size == (15, 400)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    content = png_of_zeros(30_000)
    assert len(content) < 200_000
    started = time.thread_time()
    with pytest.raises(RefusedError, match=r"too many pixels: 900,000,000, more than resize\.max_pixels"):
        photograph(content)
    assert time.thread_time() - started < 0.5  # To decode it takes seconds.
