"""Which kinds of image files are decoded, which are known and not, and what is said of one that cannot be decoded."""

import re
from collections.abc import Callable

from PIL import UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "AVIF", "JPEG2000")
"""Pillow reads more, among them EPS, for which it would run Ghostscript, and kinds that any bytes may pass for."""

MOST_BYTES = 1 << 28
"""Of a file; 52 million pixels of 16 bits in three colours are more, and are refused."""

WEIGHTS = {"WEBP": 2, "AVIF": 2, "JPEG2000": 4}
"""How many times the memory of other formats Pillow takes for a pixel."""

_PPM = (b"1", b"2", b"3", b"4", b"5", b"6")
_PPM_HEADER = re.compile(rb"P\d(?:(?:\s|#[^\r\n]*[\r\n])+\d+){2}")
_LONGEST_PPM_HEADER = 1 << 16

_NO_MEMORY = -9
"""Pillow's number for it."""

JPEG, PNG, GIF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""The last two are BigTIFF, with offsets of 64 bits."""

KNOWN = (JPEG, PNG, *GIF, *TIFF)
"""The first bytes of kinds that are looked through before a decoder sees them."""

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


class RefusedError(Exception):
    """A file that cannot be used: a short reason, and what the decoder said, in one line."""

    def __init__(self, reason: str, detail: str) -> None:
        detail = " ".join(detail.split())
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def require_bytes(size: int) -> None:
    """
    Raises:
        RefusedError: "empty", or "too many bytes" if there are more than `MOST_BYTES`.
    """
    if not size:
        raise RefusedError("empty", "0 bytes")
    if size > MOST_BYTES:
        raise RefusedError("too many bytes", f"{size:,}, more than {MOST_BYTES:,}")


def require_short_header(content: bytes) -> None:
    """
    Raises:
        RefusedError: "unreadable" if it is a PPM whose sizes stand behind more comments than anyone writes.
    """
    if content[:1] == b"P" and content[1:2] in _PPM and not _PPM_HEADER.match(content[:_LONGEST_PPM_HEADER]):
        raise RefusedError("unreadable", f"its header is damaged: no size in its first {_LONGEST_PPM_HEADER:,} bytes")


def pillow_refusal(content: bytes, error: Exception) -> RefusedError:
    """What to say of a file for which Pillow has raised `error`.

    Raises:
        MemoryError: if that is what it says.
    """
    if str(error).endswith(f"decoder error {_NO_MEMORY}"):
        raise MemoryError from None
    unknown = isinstance(error, UnidentifiedImageError)
    if unknown and (kind := unsupported_kind(content)):
        return RefusedError("unsupported", f"{kind}: convert it to JPEG or PNG")
    if unknown and _end_check(content) is None:
        return RefusedError("not an image", "no decoder knows it")
    if "truncated" in str(error).lower() or ends_early(content):
        return RefusedError("truncated", f"{len(content):,} bytes are not all of it")
    # What Pillow says of an unknown file is where the file lies in memory.
    return RefusedError("unreadable", "its header is damaged" if unknown else f"{type(error).__name__}: {error}")


def unsupported_kind(content: bytes) -> str:
    """The kind of an image file that is known, but not decoded; empty for all others."""
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "HEIC"
    if b"<svg" in content[:1024]:
        return "SVG"
    return next((kind for magic, kind in _UNSUPPORTED.items() if content.startswith(magic)), "")


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
    if content.startswith(b"\xff\x4f\xff\x51"):
        return lambda jpeg2000: not jpeg2000.endswith(b"\xff\xd9")
    return (lambda other: False) if content.startswith(KNOWN) else None


def _webp_ends_early(content: bytes) -> bool:
    return int.from_bytes(content[4:8], "little") + 8 > len(content)


def _boxes_end_early(content: bytes) -> bool:
    """AVIF and JPEG 2000: boxes, each of which begins with its size."""
    at = 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8:  # 0 is "to the end", 1 is a longer size.
            return False
        at += size
    return at != len(content)
