"""What Pillow does not tell: damage of GIF, AVIF and TIFF, and components of JPEG 2000 that are not alike.

It decodes AVIF with dav1d, which decodes damaged files into something, and silences libtiff; libvips stops at damage.
"""

import logging
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.preparation.formats import RefusedError, ends_early

_CODESTREAM = b"\xff\x4f\xff\x51"
_CODING_STYLE = b"\xff\x52"

_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_MOST_CODES = 4096


class GifFile(NamedTuple):
    """
    Attributes:
        content: A GIF of the first picture alone.
        animated: Whether another follows.
    """

    content: bytes
    animated: bool


def read_gif(content: bytes) -> GifFile:
    """
    Raises:
        RefusedError: "truncated", "damaged" or "unreadable".
    """
    try:
        return _read(content)
    except (struct.error, IndexError):
        raise RefusedError("truncated", f"{len(content):,} bytes are not all of it") from None


def _read(content: bytes) -> GifFile:
    header = 13 + _palette(content[10])
    control, pictures, at = b"", list[bytes](), header
    while at < len(content) and content[at] != _TRAILER:  # Some writers leave the trailer out.
        start = at
        if content[at] == _PICTURE:
            data, pixels = at + 10 + _palette(content[at + 9]), _pixels(content, at)
            at = _blocks(content, data + 1)
            require_whole(_joined(content, data + 1, at), content[data], pixels)
            pictures.append(control + content[start:at])
        elif content[at] == _EXTENSION:
            at = _blocks(content, at + 2)
            control = content[start:at] if content[start + 1] == _GRAPHIC_CONTROL else control
        else:
            raise RefusedError("damaged", f"no block begins at byte {at:,}")
    if not pictures:
        missing = at >= len(content)
        raise RefusedError("truncated" if missing else "unreadable", "it has no picture")
    return GifFile(b"".join([content[:header], pictures[0], b";"]), len(pictures) > 1)


def _pixels(content: bytes, at: int) -> int:
    """Of the picture that begins at `at`."""
    screen = struct.unpack_from("<HH", content, 6)
    left, top, width, height = struct.unpack_from("<HHHH", content, at + 1)
    if left + width > screen[0] or top + height > screen[1]:
        raise RefusedError("damaged", f"a picture of {width}×{height} pixels is not within its {screen[0]}×{screen[1]}")
    return int(width * height)


def _palette(flags: int) -> int:
    """The bytes of the palette that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _blocks(content: bytes, at: int) -> int:
    """Where the blocks end that begin at `at`, each with its size, and the last of which is empty."""
    while size := content[at]:
        at += 1 + size
    return at + 1


def _joined(content: bytes, at: int, end: int) -> bytes:
    parts = []
    while at < end - 1:
        parts.append(content[at + 1 : at + 1 + content[at]])
        at += 1 + content[at]
    return b"".join(parts)


def require_whole(data: bytes, bits: int, pixels: int) -> None:
    """Decode only how many pixels the codes of LZW stand for (GIF 89a, appendix F).

    Args:
        data: The codes, packed from the lowest bit.
        bits: The size of a pixel's code.
        pixels: How many there should be.

    Raises:
        RefusedError: "truncated" or "damaged" if there are not as many, and nothing but an end code behind them.
    """
    if not 1 < bits < 9:
        raise RefusedError("unreadable", f"codes of {bits} bits")
    found, at, ended = 0, 0, False
    clear, packed = 1 << bits, np.frombuffer(data + b"\0\0\0", np.uint8)
    while not ended and found <= pixels:
        codes, at = _until_clear(packed, at, bits)
        if not codes and at + bits >= 8 * len(data):
            break
        counted, ended = _counted(codes, clear, pixels - found)
        found += counted
    if found != pixels:
        missing = found < pixels and not ended
        raise RefusedError("truncated" if missing else "damaged", f"its codes stand for {found:,} of {pixels:,} pixels")


def _until_clear(packed: NDArray[np.uint8], at: int, bits: int) -> tuple[list[int], int]:
    """The codes from bit `at` up to the next clear code, and where that ends."""
    first, codes, clear = 0, list[int](), 1 << bits
    while True:
        # Each code but the first adds an entry to the table; a code is as wide as the next entry's number.
        entries = np.maximum(np.arange(first, first + _MOST_CODES) - 1, 0) + clear + 2
        widths = np.where(entries < _MOST_CODES, np.frexp(entries)[1], 12)
        ends = at + np.cumsum(widths)
        ends = ends[: np.searchsorted(ends, 8 * (len(packed) - 3), side="right")]
        widths = widths[: len(ends)]
        places = (ends - widths) // 8
        windows = sum(packed[places + byte].astype(np.int64) << 8 * byte for byte in range(3))
        found = windows >> (ends - widths) % 8 & (1 << widths) - 1
        if len(clears := np.flatnonzero(found == clear)):
            return codes + found[: clears[0]].tolist(), int(ends[clears[0]])
        codes += found.tolist()
        if len(found) < _MOST_CODES:
            return codes, 8 * len(packed)
        first, at = first + _MOST_CODES, int(ends[-1])


def _counted(codes: list[int], clear: int, wanted: int) -> tuple[int, bool]:
    """How many pixels codes without a clear code stand for, and whether they end."""
    lengths, pixels, previous = [1] * clear + [0, 0], 0, 0
    for place, code in enumerate(codes):
        if code == clear + 1:
            return pixels, True
        if pixels == wanted and (len(codes) - place) * clear.bit_length() < 8:
            return pixels, True  # The rest of a byte, of a writer that leaves the end code out.
        if code > len(lengths) or (code == len(lengths) and not previous):
            raise RefusedError("damaged", f"code {code:,} is not known yet")
        if previous and len(lengths) < _MOST_CODES:
            lengths.append(previous + 1)
        previous = lengths[code]
        pixels += previous
    return pixels, False


def require_undamaged(content: bytes) -> None:
    """Decode it once more, strictly.

    Raises:
        RefusedError: "damaged", or "truncated" if it should go on.
    """
    import pyvips  # Only a decoder process needs it.

    pyvips.cache_set_max(0)  # It would keep the last files in memory.
    warnings = _Warnings()
    try:
        picture = pyvips.Image.new_from_buffer(content, "", access="sequential", fail_on="warning")
        pixels = picture.LabQ2Lab() if picture.coding == "labq" else picture
        pixels.cast("uchar").avg()  # So all of them are made, and none is kept.
    except pyvips.Error as error:
        said = " ".join(line for line in str(error).splitlines()[1:2] if line.strip())
        if "memory" in said:
            raise MemoryError from None
        if ends_early(content):
            raise RefusedError("truncated", f"{len(content):,} bytes are not all of it") from None
        raise RefusedError("damaged", said or warnings.first or "its decoder warns of damage") from None
    finally:
        logging.getLogger("pyvips").removeHandler(warnings)


class _Warnings(logging.Handler):
    """What libvips warns of: an error that follows has no text."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.first = ""
        logging.getLogger("pyvips").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.first = self.first or record.getMessage().removeprefix("VIPS: ")


def jpeg2000_levels(content: bytes) -> int:
    """How many times the picture can be halved as it is decoded.

    Raises:
        RefusedError: "truncated", or "unsupported" if its components are not alike, which Pillow takes them for.
    """
    if ends_early(content):
        raise RefusedError("truncated", f"{len(content):,} bytes are not all of it")
    start = content.find(_CODESTREAM) + len(_CODESTREAM)
    style = content.find(_CODING_STYLE, start)
    (components,) = struct.unpack_from(">H", content, start + 36)
    known = content[start + 38 : start + 38 + 3 * components]
    alike = {known[at : at + 3] for at in range(0, len(known), 3)}
    if len(alike) > 1 or any(component[1:] != b"\1\1" for component in alike):
        raise RefusedError("unsupported", "JPEG 2000 with components of several sizes or depths: convert it to PNG")
    return content[style + 9] if style >= 0 else 0
