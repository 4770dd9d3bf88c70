"""JPEG: looked through before a decoder sees it, and read by one that stops where libjpeg only warns."""

import re
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import simplejpeg
from PIL import Image

from alexnet_pipe.preparation.formats import RefusedError

MOST_SEGMENTS = 10_000
"""Of a header; a profile of 4 MiB has 64."""

MOST_SCANS = 100
"""Of one picture; encoders write up to about 20, and each costs as much time as there are pixels."""

LONGEST_HEADER = 1 << 26

_MOST_PARTS = 255
"""Of a profile, as each has its number in a byte."""

_MARKER = re.compile(rb"\xff+([^\xff])")
_APP1, _APP2, _ADOBE, _END, _SCAN = 0xE1, 0xE2, 0xEE, 0xD9, 0xDA
_EXIF, _XMP, _PROFILE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"

_FRAMES = {*range(0xC0, 0xD0), 0xDE, 0xF7} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xCA)
_DECODED = (0xC0, 0xC1, 0xC9, *_PROGRESSIVE)
_UNDECODED = {0xC3: "lossless JPEG", 0xCB: "lossless JPEG", 0xF7: "JPEG-LS"}
_SPACES = {1: ("GRAY", "L", "L"), 3: ("RGBX", "RGB", "RGBX"), 4: ("CMYK", "CMYK", "CMYK")}
"""What the decoder makes of so many components, the mode of its image, and what Pillow calls its bytes.

Pillow keeps four bytes for a pixel of three, and copies four the fastest.
"""

_HARMLESS = ("Warning: unknown JFIF revision", "Invalid SOS parameters for sequential JPEG")
"""libjpeg ignores what it warns of here, and so some cameras write it."""


_SCRATCH = 1 << 22
_of_thread = threading.local()


class JpegHeader(NamedTuple):
    """
    Attributes:
        size: Width and height in pixels.
        components: 1, 3 or 4.
        scans: How many passes over the picture decoding takes, or 1 if it takes one.
        scan: Where the body of the first scan's header begins, in bytes.
        info: What Pillow calls `exif`, `xmp`, `icc_profile` and `adobe`.
    """

    size: tuple[int, int]
    components: int
    scans: int
    scan: int
    info: dict[str, Any]


def read_jpeg(content: bytes) -> JpegHeader:
    """
    Raises:
        RefusedError: "truncated", "unreadable" or "unsupported".
    """
    marker, frame, info, parts, start = 0, b"", dict[str, Any](), list[bytes](), 0
    for found, start, end in _segments(content):
        if found in _FRAMES:
            marker, frame = found, content[start:end]
        elif found == _ADOBE and content.startswith(b"Adobe", start):
            info["adobe"] = True
        elif found == _APP2 and content.startswith(_PROFILE, start) and len(parts) < _MOST_PARTS:
            parts.append(content[start + len(_PROFILE) : end])
        elif found == _APP1:
            for name, prefix in (("exif", _EXIF), ("xmp", _XMP)):
                if content.startswith(prefix, start):
                    info.setdefault(name, content[start + (len(prefix) if name == "xmp" else 0) : end])
    if parts:
        # Each begins with its number and how many there are.
        info["icc_profile"] = b"".join(part[2:] for part in sorted(parts, key=lambda part: part[:1]))
    size, components = _frame(marker, frame)
    return JpegHeader(size, components, _scans(content, start, marker, components), start, info)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, first and last byte of each segment's body, up to the first scan's header."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.match(content, at)
        if found is None and at + 1 < len(content):
            raise RefusedError("unreadable", f"its header is damaged: no marker at byte {at:,}")
        start = found.end() if found else len(content)
        end = start + int.from_bytes(content[start : start + 2], "big")
        if found is None or start + 2 > len(content) or end > len(content):
            raise RefusedError("truncated", f"{len(content):,} bytes are not all of it")
        if end < start + 2 or found[1][0] == _END:
            raise RefusedError("unreadable", f"its header is damaged: no segment at byte {at:,}")
        if end > LONGEST_HEADER:
            raise RefusedError("unreadable", f"its header has more than {LONGEST_HEADER:,} bytes")
        yield found[1][0], start + 2, end
        if found[1][0] == _SCAN:
            return
        at = end
    raise RefusedError("unreadable", f"its header has more than {MOST_SEGMENTS:,} segments")


def _frame(marker: int, frame: bytes) -> tuple[tuple[int, int], int]:
    """Size and number of components."""
    if not marker or len(frame) < 6:
        raise RefusedError("unreadable", "its header is damaged: no frame before the first scan")
    bits, components = frame[0], frame[5]
    kind = "" if marker in _DECODED else _UNDECODED.get(marker, "hierarchical JPEG")
    if not kind and (bits != 8 or components not in _SPACES):
        kind = f"JPEG of {bits} bits" if bits != 8 else f"JPEG of {components} components"
    if kind:
        raise RefusedError("unsupported", f"{kind}: convert it to a JPEG of 8 bits or to PNG")
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    return (width, height), components


def _scans(content: bytes, start: int, marker: int, components: int) -> int:
    if marker not in _PROGRESSIVE and content[start] == components:
        return 1
    scans = content.count(b"\xff\xda", start) + 1
    if scans > MOST_SCANS:  # What follows the picture, a video of a phone, has such bytes as well.
        scans = 1 + sum(1 for _ in islice(_later_scans(content, start), MOST_SCANS))
    if scans > MOST_SCANS:
        raise RefusedError("unreadable", f"more than {MOST_SCANS} scans")
    return scans


def _later_scans(content: bytes, start: int) -> Iterator[int]:
    """Where the second and every later scan of the picture begins, and no more than are needed to refuse it."""
    marker, at = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])"), start
    for _ in range(MOST_SEGMENTS):
        found = marker.search(content, at)
        if found is None or found[1][0] == _END:
            return
        if found[1][0] == _SCAN:
            yield found.start()
        at = found.end() + max(2, int.from_bytes(content[found.end() : found.end() + 2], "big"))
    raise RefusedError("unreadable", f"more than {MOST_SEGMENTS:,} segments")


def jpeg_image(content: bytes, header: JpegHeader, smallest: int) -> tuple[Image.Image, str]:
    """The picture, at 1/2, 1/4 or 1/8 if both sides keep `smallest` pixels; and a harmless warning of libjpeg.

    Decoding at 1/8 takes a part of the time. The whole file is read all the same, so any damage is noticed.

    Raises:
        RefusedError: "truncated", "damaged" or "unreadable", as libjpeg says.
    """
    factor = max(factor for factor in (1, 2, 4, 8) if factor == 1 or min(header.size) >= factor * smallest)
    warning = ""
    while True:
        try:
            return _decoded(content, header, factor), warning
        except (ValueError, RuntimeError) as error:
            message = str(error)
        if warning or not message.startswith(_HARMLESS):
            cut = content.find(b"\xff\xd9", header.scan) < 0
            raise RefusedError("truncated" if cut else _reason(message), message)
        warning, content = message, _without_harmless(content, header)


def _decoded(content: bytes, header: JpegHeader, factor: int) -> Image.Image:
    (width, height), (space, mode, raw) = (-(-side // factor) for side in header.size), _SPACES[header.components]
    pixels = simplejpeg.decode_jpeg(
        content, space, min_width=width, min_height=height, min_factor=factor, buffer=_scratch(4 * width * height)
    )
    # Adobe writes CMYK inverted, and marks its files (libjpeg.txt, "Special color spaces").
    raw = "CMYK;I" if mode == "CMYK" and "adobe" in header.info else raw
    image = Image.frombytes(mode, (pixels.shape[1], pixels.shape[0]), pixels, "raw", raw)
    image.info.update(header.info)
    return image


def _scratch(size: int) -> bytearray | None:
    """Room for so many bytes that each thread uses again and again; for many bytes nothing, so it is made anew.

    What is made anew the system fills with zeros, page by page, which takes as long as decoding.
    """
    if size > _SCRATCH:
        return None
    if not hasattr(_of_thread, "scratch"):
        _of_thread.scratch = bytearray(_SCRATCH)
    return _of_thread.scratch


def _reason(message: str) -> str:
    if message.startswith("Premature end of JPEG"):
        return "truncated"
    return "damaged" if message.startswith("Corrupt") else "unreadable"


def _without_harmless(content: bytes, header: JpegHeader) -> bytes:
    """With the JFIF revision and the scan's parameters that libjpeg takes instead."""
    patched = bytearray(content)
    for found, start, _ in _segments(content):
        if found == 0xE0 and content.startswith(b"JFIF\0", start):
            patched[start + 5 : start + 7] = b"\1\1"
    if header.scans == 1:
        parameters = header.scan + 1 + 2 * header.components
        patched[parameters : parameters + 3] = b"\0\x3f\0"
    return bytes(patched)
