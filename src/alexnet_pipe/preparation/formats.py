"""Which kinds of image files are decoded, which are known and not, and whether one of them ends too early."""

import io
import operator
import struct
from collections.abc import Callable, Iterator

from PIL import Image

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "AVIF", "JPEG2000")
"""Pillow reads more, among them EPS, for which it would run Ghostscript, and kinds that any bytes may pass for."""

DECODED_WITH = {"WEBP": 2, "AVIF": 2}
"""How many times the memory of other formats Pillow takes for a pixel."""

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_UNSUPPORTED = {
    b"8BPS": "Photoshop",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\1\0": "ICO",
    b"v/1\1": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"DDS ": "DDS",
    b"qoif": "QOI",
    b"FUJIFILM": "raw photograph",
}
_TIFF_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of one value of each type."""

_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325


def unsupported_kind(content: bytes) -> str:
    """The kind of an image file that is known, but not decoded; empty for all others."""
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "HEIC"
    if b"<svg" in content[:1024]:
        return "SVG"
    return next((kind for magic, kind in _UNSUPPORTED.items() if content.startswith(magic)), "")


def is_image(content: bytes) -> bool:
    """Whether the first bytes are those of a kind that is decoded."""
    return _end_check(content) is not None


def ends_early(content: bytes) -> bool:
    """Whether the file says itself that it should go on; only to be asked of one that cannot be decoded."""
    check = _end_check(content)
    return check is not None and check(content)


def _end_check(content: bytes) -> Callable[[bytes], bool] | None:
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _webp_ends_early
    if content.startswith(b"BM") and content[6:10] == bytes(4):
        return lambda bmp: int.from_bytes(bmp[2:6], "little") > len(bmp)
    if content[4:8] in (b"ftyp", b"jP  "):
        return _boxes_end_early
    return next((check for magic, check in _ENDS_EARLY.items() if content.startswith(magic)), None)


def _jpeg_ends_early(content: bytes) -> bool:
    at = 2
    while content[at : at + 1] == b"\xff" and at + 4 <= len(content):
        if content[at + 1 : at + 2] == b"\xda":  # The scan, in which 0xff 0xd9 is the end of the image.
            return content.find(b"\xff\xd9", at) < 0
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return at + 4 > len(content)


def _png_ends_early(content: bytes) -> bool:
    at = 8
    while at + 12 <= len(content):
        if content[at + 4 : at + 8] == b"IEND":
            return False
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return True


def _webp_ends_early(content: bytes) -> bool:
    return int.from_bytes(content[4:8], "little") + 8 > len(content)


def _tiff_ends_early(content: bytes) -> bool:
    try:
        return any(end > len(content) for end in _tiff_ends(content))
    except struct.error:
        return True
    except Exception:
        return False


def _tiff_ends(content: bytes) -> Iterator[int]:
    """Where each part of a TIFF file ends, in bytes from its start: directory, values, strips or tiles."""
    order = "<" if content.startswith(b"I") else ">"
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    (entries,) = struct.unpack_from(f"{order}H", content, start)
    yield start + 2 + 12 * entries + 4
    for entry in range(entries):
        _, kind, count, value = struct.unpack_from(f"{order}HHII", content, start + 2 + 12 * entry)
        size = _TIFF_BYTES.get(kind, 0) * count
        yield value + size if size > 4 else 0
    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        for offsets, sizes in ((_STRIPS, _STRIP_SIZES), (_TILES, _TILE_SIZES)):
            yield from map(operator.add, tags.get(offsets, ()), tags.get(sizes, ()))


def _boxes_end_early(content: bytes) -> bool:
    """AVIF and JPEG 2000: boxes, each of which begins with its size."""
    at = 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8:  # 0 is "to the end", 1 is a longer size.
            return False
        at += size
    return at != len(content)


_ENDS_EARLY: dict[bytes, Callable[[bytes], bool]] = {
    b"\xff\xd8\xff": _jpeg_ends_early,
    b"\x89PNG\r\n\x1a\n": _png_ends_early,
    b"GIF8": lambda gif: not gif.rstrip(b"\0").endswith(b";"),
    b"II*\0": _tiff_ends_early,
    b"MM\0*": _tiff_ends_early,
    b"\xff\x4f\xff\x51": lambda jpeg2000: not jpeg2000.endswith(b"\xff\xd9"),
}
