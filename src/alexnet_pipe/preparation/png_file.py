"""PNG: every checksum checked, and only what decides the pixels handed on."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from alexnet_pipe.preparation.formats import PNG, RefusedError

MOST_CHUNKS = 100_000

MOST_TEXT = 1 << 22
"""Bytes that a profile or EXIF may unpack to."""

_KNOWN = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_KEPT = {b"IHDR", b"PLTE", b"tRNS"}
_WRITTEN_AS_TEXT = (b"Raw profile type exif", b"Raw profile type APP1")


class PngFile(NamedTuple):
    """
    Attributes:
        content: A PNG of the picture alone, with one IDAT chunk.
        size: Width and height in pixels.
        bits: Of a channel, or of an index.
        animated: Whether there are more pictures.
        info: What Pillow calls `exif`, `xmp`, `icc_profile` and `Raw profile type exif`.
    """

    content: bytes
    size: tuple[int, int]
    bits: int
    animated: bool
    info: dict[str, Any]


def png_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels, as its first bytes say."""
    width, height = struct.unpack(">II", content[16:24].ljust(8, b"\0"))
    return width, height


def read_png(content: bytes) -> PngFile:
    """
    Raises:
        RefusedError: "truncated", "damaged", "unreadable" or "unsupported".
    """
    kept, data, info, animated, previous = list[Any](), list[memoryview](), dict[str, Any](), False, b""
    for name, body in _chunks(content):
        if not previous and (name != b"IHDR" or len(body) != 13):
            raise RefusedError("unreadable", "its header is damaged: no IHDR chunk of 13 bytes")
        if name[:1].isupper() and name not in _KNOWN:
            raise RefusedError("unsupported", f"PNG with {_shown(name)} chunks: convert it to JPEG or PNG")
        if name == b"IDAT":
            if data and previous != b"IDAT":
                raise RefusedError("unreadable", "its IDAT chunks are not together")
            data.append(body)
        elif name in _KEPT:
            kept += _chunk(name, body)
        elif name == b"acTL":
            animated = int.from_bytes(body[:4], "big") > 1
        else:
            info |= _info(name, body)
        previous = name
    picture = b"".join([PNG, *kept, *_chunk(b"IDAT", *data), *_chunk(b"IEND")])
    return PngFile(picture, png_size(content), content[24], animated, info)


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Names and bodies up to IEND."""
    view, at = memoryview(content), len(PNG)
    for _ in range(MOST_CHUNKS):
        size, name = struct.unpack_from(">I4s", content, at) if at + 8 <= len(content) else (0, b"")
        end = at + 8 + size
        if not name or end + 4 > len(content):
            raise RefusedError("truncated", f"{len(content):,} bytes are not all of it")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise RefusedError("damaged", f"the checksum of its chunk {_shown(name)} at byte {at:,} is wrong")
        yield name, view[at + 8 : end]
        if name == b"IEND":
            return
        at = end + 4
    raise RefusedError("unreadable", f"more than {MOST_CHUNKS:,} chunks")


def _shown(name: bytes) -> str:
    return repr(name.decode("latin-1"))


def _chunk(name: bytes, *bodies: memoryview) -> list[bytes | memoryview]:
    """The parts of a chunk with these bodies as one."""
    checksum = zlib.crc32(name)
    for body in bodies:
        checksum = zlib.crc32(body, checksum)
    return [sum(map(len, bodies)).to_bytes(4, "big"), name, *bodies, checksum.to_bytes(4, "big")]


def _info(name: bytes, body: memoryview) -> dict[str, Any]:
    """What an ancillary chunk says about colours and orientation; nothing if that is more than anyone writes."""
    if len(body) > MOST_TEXT:
        return {"icc_profile": bytes(MOST_TEXT + 1)} if name == b"iCCP" else {}
    if name == b"eXIf":
        return {"exif": b"Exif\0\0" + body}
    keyword, _, rest = bytes(body).partition(b"\0")
    if name == b"iCCP":
        return {"icc_profile": _inflated(rest[1:])}
    if keyword in _WRITTEN_AS_TEXT and name in (b"tEXt", b"zTXt"):
        text = rest if name == b"tEXt" else _inflated(rest[1:])
        return {"Raw profile type exif": text.decode("latin-1")}
    if name == b"iTXt" and keyword == b"XML:com.adobe.xmp":
        text = rest[2:].split(b"\0", 2)[-1]
        return {"xmp": _inflated(text) if rest[:1] == b"\1" else text}
    return {}


def _inflated(packed: bytes) -> bytes:
    """No more than a byte over `MOST_TEXT`; as it is if it cannot be unpacked."""
    try:
        return zlib.decompressobj().decompress(packed, MOST_TEXT + 1)
    except zlib.error:
        return packed
