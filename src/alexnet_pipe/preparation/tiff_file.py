"""TIFF: its first directory read before a decoder sees it, and only what decides the pixels handed on."""

import struct
from typing import NamedTuple

from alexnet_pipe.preparation.formats import RefusedError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each type."""

_INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOURS, _ORIENTATION = 256, 257, 258, 259, 262, 274
_BANDS, _PLANES, _TILE_WIDTH, _TILE_HEIGHT, _FORMAT = 277, 284, 322, 323, 339
_HANDED_ON = {
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _COLOURS, _BANDS, _PLANES, _TILE_WIDTH, _TILE_HEIGHT, _FORMAT),
    *(266, 273, 278, 279, 324, 325),  # The order of bits; where strips and tiles lie.
    *(292, 293, 317, 320, 332, 338, 347, 529, 530, 532, 34675),  # Options of codecs, palette, inks, alpha, profile.
}
_MOST_STRIPS = 1 << 20

_LAB, _RGB = 8, 2
_DEFAULTS = {_BITS: 1, _COMPRESSION: 1, _COLOURS: 1, _ORIENTATION: 1, _BANDS: 1, _PLANES: 1, _FORMAT: 1}
_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
"""None, three of faxes, LZW, JPEG, deflate, packbits, deflate: those of which libtiff tells damage."""

_FORMATS = {2: "signed integers", 3: "floats", 5: "complex integers", 6: "complex floats"}


class TiffFile(NamedTuple):
    """
    Attributes:
        content: A TIFF of the first picture alone, not turned.
        checked: What libvips is to check: the same; the whole file if there are more pictures; and as it cannot read
            L*a*b*, that as if it were RGB.
        size: Width and height in pixels, as they are stored.
        kind: What a user would call it, as "TIFF with 13 bands of 16 bits".
        bits: Of a channel.
        orientation: As EXIF has it, 1 to 8.
        animated: Whether there are more pictures.
    """

    content: bytes
    checked: bytes
    size: tuple[int, int]
    kind: str
    bits: int
    orientation: int
    animated: bool


def read_tiff(content: bytes) -> TiffFile:
    """
    Raises:
        RefusedError: "truncated", "unreadable" or "unsupported".
    """
    try:
        directory = _Directory(content)
        if directory.next:
            _Directory(content, directory.next)
        return _read(content, directory)
    except struct.error:
        raise RefusedError("truncated", f"{len(content):,} bytes are not all of it") from None


class _Directory:
    """The entries of a directory by tag, and where the next directory begins, 0 if there is none."""

    def __init__(self, content: bytes, start: int = 0) -> None:
        self._content = content
        self.order = "<" if content.startswith(b"I") else ">"
        self.large = content[2:4] in (b"+\0", b"\0+")
        self.offset = "Q" if self.large else "I"
        if not start:
            (start,) = self.unpack(self.offset, 8 if self.large else 4)
        (count,) = self.unpack("Q" if self.large else "H", start)
        start, size = start + (8 if self.large else 2), 20 if self.large else 12
        self.entries: dict[int, bytes] = {}
        if not 0 < count < 1 << 12:
            raise RefusedError("unreadable", f"its header is damaged: a directory of {count:,} entries")
        for at in range(start, start + size * count, size):
            (tag,) = self.unpack("H", at)
            # TIFF 6.0, section 2; in a damaged file a tag that has become another would be missed by none.
            if tag <= max(self.entries, default=0):
                raise RefusedError("damaged", f"tag {tag} is not in order")
            self.entries[tag] = content[at : at + size]
        (self.next,) = self.unpack(self.offset, start + size * count)

    def unpack(self, form: str, at: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + form, self._content, at)

    def values(self, tag: int, most: int = 64) -> tuple[int, ...]:
        """The integers of an entry, or its default; no more than `most`."""
        if tag not in self.entries:
            return (_DEFAULTS[tag],) if tag in _DEFAULTS else ()
        _, kind, count, value = struct.unpack(f"{self.order}HH{self.offset}{self.offset}", self.entries[tag])
        if kind not in _INTEGERS or not count:
            return ()
        form = f"{self.order}{min(count, most)}{_INTEGERS[kind]}"
        if _SIZES[kind] * count <= struct.calcsize(self.offset):
            return struct.unpack_from(form, self.entries[tag][-struct.calcsize(self.offset) :])
        return struct.unpack_from(form, self._content, value)

    def require_all(self) -> None:
        """
        Raises:
            struct.error: if the file ends before an entry's values, a strip or a tile.
        """
        for entry in self.entries.values():
            tag, kind, count, value = struct.unpack(f"{self.order}HH{self.offset}{self.offset}", entry)
            size = _SIZES.get(kind, 0) * count
            if tag in _HANDED_ON and size > struct.calcsize(self.offset) and value + size > len(self._content):
                raise struct.error
        for offsets, sizes in ((273, 279), (324, 325)):
            pairs = zip(self.values(offsets, _MOST_STRIPS), self.values(sizes, _MOST_STRIPS), strict=False)
            if any(offset + size > len(self._content) for offset, size in pairs):
                raise struct.error


def _read(content: bytes, directory: _Directory) -> TiffFile:
    directory.require_all()
    found = {tag: directory.values(tag) for tag in _HANDED_ON | {_ORIENTATION}}
    for tag in (_WIDTH, _HEIGHT, *_DEFAULTS):
        if len(found[tag]) != 1 and not (found[tag] and tag in (_BITS, _FORMAT)):
            raise RefusedError("damaged", f"tag {tag} has {len(found[tag])} values")
    width, height, bands, bits = (found[tag][0] for tag in (_WIDTH, _HEIGHT, _BANDS, _BITS))
    kind = _kind(found)
    compression, planes = found[_COMPRESSION][0], found[_PLANES][0]
    if compression not in _COMPRESSIONS:
        raise RefusedError("unsupported", f"{kind}, compressed by method {compression}: convert it to RGB, deflated")
    if planes == 2 and bands > 1 and bits != 8:
        # Pillow takes the planes for some of 8 bits.
        raise RefusedError("unsupported", f"{kind} in planes: convert it to pixels of 8 bits one after another")
    for side, tile in ((width, found[_TILE_WIDTH]), (height, found[_TILE_HEIGHT])):
        if tile and tile[0] > 2 * max(side, 1024):
            raise RefusedError("unreadable", f"tiles of {tile[0]:,} pixels for a side of {side:,}")
    picture = _first_picture(content, directory)
    checked = content if directory.next else picture
    if found[_COLOURS][0] == _LAB:
        directory.entries[_COLOURS] = struct.pack(f"{directory.order}HH{directory.offset}H", _COLOURS, 3, 1, _RGB)
        checked = _first_picture(content, directory)
    turned = found[_ORIENTATION][0]
    return TiffFile(picture, checked, (width, height), kind, bits, turned, directory.next != 0)


def _kind(found: dict[int, tuple[int, ...]]) -> str:
    bands, bits, form = found[_BANDS][0], found[_BITS][0], found[_FORMAT][0]
    values = f", {_FORMATS[form]}" if form in _FORMATS else ""
    return f"TIFF with {bands:,} band{'s' * (bands != 1)} of {bits} bits{values}"


def _first_picture(content: bytes, directory: _Directory) -> bytes:
    """The file with a new directory at its end: decoders need not go through tags and pages that are never used."""
    large, order, offset = directory.large, directory.order, directory.offset
    size = 20 if large else 12
    kept = [entry.ljust(size, b"\0") for tag, entry in sorted(directory.entries.items()) if tag in _HANDED_ON]
    start = len(content) + len(content) % 2
    return b"".join(
        [
            content[: 8 if large else 4],
            struct.pack(order + offset, start),
            memoryview(content)[16 if large else 8 :],
            b"\0" * (len(content) % 2),
            struct.pack(order + ("Q" if large else "H"), len(kept)),
            *kept,
            struct.pack(order + offset, 0),
        ]
    )
