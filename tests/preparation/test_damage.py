"""Pixels are right, or refused: damage that decoders pass over is heard, and what they mistake is unsupported."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError, decode
from alexnet_pipe.preparation.strictness import require_whole
from tests.preparation.photographs import decoded, encoded, landscape, noise, photograph
from tests.preparation.profiles import adobe_rgb
from tests.preparation.tiffs import tiff

PICTURE = landscape(96, 64)
BITS = PICTURE.convert("1")


def refusal(content: bytes, **params: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        decode(content, ResizeParams(**params))
    return str(caught.value)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Behind the header's chunk."""
    return png[:33] + b"".join(chunks) + png[33:]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"restart_marker_blocks": 4}),
        ("PNG", {}),
        ("GIF", {}),
        ("AVIF", {}),
        ("TIFF", {"compression": "group3"}),
        ("TIFF", {"compression": "group4"}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ],
)
def test_some_flipped_bytes_are_found_in_every_compression(kind: str, options: dict[str, Any]) -> None:
    content = encoded(BITS if options.get("compression", "").startswith("group") else PICTURE, kind, **options)
    size = len(content)
    damaged = content
    for at in (size // 2, size // 2 + 40, size // 2 + 80):
        damaged = flipped(damaged, at)
    assert refusal(damaged).split(":")[0] in ("damaged", "truncated", "unreadable")
    decode(content, ResizeParams())


def test_runs_that_end_elsewhere_than_their_strip_are_damage() -> None:
    content = encoded(PICTURE.quantize(4).convert("RGB"), "TIFF", compression="packbits")
    with Image.open(io.BytesIO(content)) as image:
        (start, *_) = image.tag_v2[273]  # type: ignore[attr-defined]
    longer = content[:start] + bytes([content[start] + 1]) + content[start + 1 :]
    assert refusal(longer).startswith("damaged")


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        (b"JFIF\0\1\1", b"JFIF\0\0\0", "Warning: unknown JFIF revision number 0.00"),
        (b"\3\1\0\2\x11\3\x11\0\x3f\0", b"\3\1\0\2\x11\3\x11\0\0\0", "Invalid SOS parameters for sequential JPEG"),
    ],
)
def test_what_cameras_write_and_libjpeg_ignores_is_only_remarked_on(old: bytes, new: bytes, remark: str) -> None:
    content = encoded(PICTURE, "JPEG")
    assert content.count(old) == 1
    found = photograph(content.replace(old, new))
    assert found.remarks == {"JPEG": remark}
    np.testing.assert_array_equal(np.asarray(found.image), decoded(content))


def test_bytes_that_no_code_of_a_jpeg_stands_for_are_damage() -> None:
    content = encoded(PICTURE, "JPEG")
    assert refusal(content[:-2] + b"x" * 40 + content[-2:]).startswith("damaged: Corrupt JPEG data: ")
    assert photograph(content + b"what a phone appends").remarks == {}


@pytest.mark.parametrize(
    ("marker", "bits", "sentence"),
    [
        (0xC1, 12, "JPEG of 12 bits"),
        (0xC3, 16, "lossless JPEG"),
        (0xF7, 8, "JPEG-LS"),
        (0xC5, 8, "hierarchical JPEG"),
    ],
)
def test_kinds_of_jpeg_that_are_not_decoded_are_unsupported(marker: int, bits: int, sentence: str) -> None:
    content = encoded(PICTURE, "JPEG")
    frame = content.index(b"\xff\xc0")
    other = content[:frame] + bytes([0xFF, marker]) + content[frame + 2 : frame + 4] + bytes([bits])
    assert refusal(other + content[frame + 5 :]) == f"unsupported: {sentence}: convert it to a JPEG of 8 bits or to PNG"


def test_every_chunk_of_a_png_is_checked_and_only_the_picture_is_decoded() -> None:
    content = encoded(PICTURE, "PNG")
    text = chunk(b"tEXt", b"Comment\0" + bytes(1 << 21))
    for ancillary in (text, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 23))), chunk(b"teSt", b"")):
        np.testing.assert_array_equal(decoded(with_chunks(content, ancillary)), np.asarray(PICTURE))
        assert refusal(with_chunks(content, ancillary[:-1] + b"\0")).startswith("damaged: the checksum of its chunk")
    assert refusal(with_chunks(content, chunk(b"CgBI", b"\0"))).startswith("unsupported: PNG with 'CgBI' chunks")
    middle = content.index(b"IEND") - 4
    assert refusal(content[:middle] + text + chunk(b"IDAT", b"") + content[middle:]).startswith("unreadable")


def test_a_picture_in_many_chunks_is_the_same() -> None:
    content = encoded(PICTURE, "PNG")
    start = content.index(b"IDAT") - 4
    (size,) = struct.unpack_from(">I", content, start)
    data = content[start + 8 : start + 8 + size]
    pieces = b"".join(chunk(b"IDAT", data[at : at + 1]) for at in range(size))
    np.testing.assert_array_equal(decoded(content[:start] + pieces + chunk(b"IEND", b"")), np.asarray(PICTURE))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_enormous_profile_is_ignored_with_a_remark(kind: str) -> None:
    profile = adobe_rgb() + bytes(1 << 22)
    found = photograph(encoded(PICTURE, kind, icc_profile=profile))
    assert found.remarks == {"colour profile": "colour profile ignored: it has more than 4,194,304 bytes"}


def test_a_profile_of_a_megabyte_is_used() -> None:
    content = encoded(PICTURE, "PNG", icc_profile=adobe_rgb() + bytes(3 << 20))
    np.testing.assert_array_equal(decoded(content), decoded(encoded(PICTURE, "PNG", icc_profile=adobe_rgb())))


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_in_planes_are_refused_and_eight_are_right(order: str) -> None:
    pixels = noise(30, 20, 3)
    np.testing.assert_array_equal(decoded(tiff(pixels, planes=True, order=order)), pixels)
    deep = pixels.astype(np.uint16) * 257
    np.testing.assert_array_equal(decoded(tiff(deep, order=order)), pixels)
    assert refusal(tiff(deep, planes=True)).startswith("unsupported: TIFF with 3 bands of 16 bits in planes: convert")


@pytest.mark.parametrize(
    ("bands", "dtype", "sentence"),
    [
        (13, np.uint16, "TIFF with 13 bands of 16 bits: convert it to RGB"),
        (4, np.uint16, "TIFF with 4 bands of 16 bits: convert it to RGB"),
        (3, np.float32, "TIFF with 3 bands of 32 bits, floats: convert it to RGB"),
        (1, np.float64, "TIFF with 1 band of 64 bits, floats: convert it to RGB"),
    ],
)
def test_bands_and_numbers_that_are_not_decoded_are_unsupported(
    bands: int, dtype: Any, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert refusal(tiff(np.ones((20, 30, bands), dtype))) == f"unsupported: {sentence}"
    assert capfd.readouterr() == ("", "")


def test_a_tag_that_has_become_another_is_damage() -> None:
    content = tiff(noise(30, 20, 3))
    tag = content.index(struct.pack("<HH", 258, 4))
    assert refusal(content[:tag] + struct.pack("<H", 6) + content[tag + 2 :]) == "damaged: tag 6 is not in order"


def test_components_of_a_jpeg_2000_that_are_not_alike_are_unsupported() -> None:
    content = encoded(PICTURE, "JPEG2000", no_jp2=True)
    size = content.index(b"\xff\x51") + 2 + 38
    assert content[size : size + 3] == b"\7\1\1"
    for other in (b"\3\1\1", b"\7\2\1"):
        assert refusal(content[:size] + other + content[size + 3 :]).startswith(
            "unsupported: JPEG 2000 with components"
        )


def test_numbers_of_fewer_bits_are_dark_and_remarked_on() -> None:
    ramp = np.tile(np.linspace(0, 4095, 60), (40, 1)).astype(np.uint16)
    dark = {"dark": "uses 1/16 of 16 bits"}
    assert photograph(encoded(Image.fromarray(ramp), "PNG")).remarks == dark
    assert photograph(tiff(np.dstack([ramp] * 3))).remarks == dark
    assert photograph(encoded(Image.fromarray(ramp * np.uint16(16)), "PNG")).remarks == {}
    assert photograph(encoded(Image.fromarray(ramp * np.uint16(0)), "PNG")).remarks == {}
    assert photograph(tiff((ramp[..., None] // 16).astype(np.int32))).remarks == {"dark": "uses 1/256 of 16 bits"}


@pytest.mark.parametrize(("lowest", "highest", "dtype"), [(-9, 9, np.int16), (0, 70_000, np.int32)])
def test_numbers_outside_16_bits_are_unsupported(lowest: int, highest: int, dtype: Any) -> None:
    levels = np.tile(np.linspace(lowest, highest, 60), (40, 1)).astype(dtype)[..., None]
    assert refusal(tiff(levels)).startswith(f"unsupported: grey with numbers from {lowest} to {highest:,}: convert it")


def test_a_gif_needs_no_trailer_but_its_pictures_lie_within_its_screen() -> None:
    content = encoded(PICTURE, "GIF")
    np.testing.assert_array_equal(decoded(content[:-1]), decoded(content))
    smaller = content[:6] + struct.pack("<HH", 95, 64) + content[10:]
    assert refusal(smaller) == "damaged: a picture of 96×64 pixels is not within its 95×64"


def codes(*values: int) -> bytes:
    """Codes of four bits, as pixels of three have; 8 clears the table, 9 is the end, 10 the first that is learned."""
    return bytes(low | high << 4 for low, high in zip(values[::2], [*values[1::2], 0], strict=False))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ((8, 1, 10, 9), ""),  # One pixel, and twice the same: a code that is known as it is read.
        ((8, 1, 2, 8, 3, 9), ""),
        ((8, 1, 2, 3, 8, 9), ""),
        ((8, 1, 10), ""),  # Some writers leave the end code out; the last half byte is 0.
        ((8, 1, 2, 9), "damaged: its codes stand for 2 of 3 pixels"),
        ((8, 1, 2, 8), "truncated: its codes stand for 2 of 3 pixels"),
        ((8, 1, 2, 10, 9), "damaged: its codes stand for 4 of 3 pixels"),
        ((8, 1, 2, 3, 1, 2), "damaged: its codes stand for 5 of 3 pixels"),
        ((8, 1, 11, 9), "damaged: code 11 is not known yet"),
        ((8, 10, 1, 9), "damaged: code 10 is not known yet"),
    ],
)
def test_the_codes_of_a_gif_are_counted(values: tuple[int, ...], problem: str) -> None:
    try:
        require_whole(codes(*values), 3, 3)
        found = ""
    except RefusedError as error:
        found = str(error)
    assert found == problem
