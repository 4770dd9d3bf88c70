"""From the bytes of a photograph to upright sRGB pixels, or a reason for refusing it; then to 256×256."""

import gzip
import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decoder_process import in_decoder_process
from alexnet_pipe.preparation.formats import JPEG, PNG, RefusedError, require_bytes
from alexnet_pipe.preparation.jpeg_file import read_jpeg
from alexnet_pipe.preparation.photograph import Photograph, photograph, photograph_of_jpeg
from alexnet_pipe.preparation.png_file import png_size

_GZIP = b"\x1f\x8b"
_LARGEST = 1 << 26
"""Bytes of the largest file that is taken out of gzip."""

_PIXELS_HERE = 1 << 24
"""Of a PNG that is decoded in this process."""

_WORK_HERE = 1 << 28
"""Pixels times scans of a JPEG of many scans that is decoded in this process: some seconds at most."""


def decode(content: bytes, params: ResizeParams) -> Photograph:
    """The whole photograph.

    JPEG and PNG are decoded here, as their headers bound what that takes; all others, and the largest of these, in a
    process of their own, which ends itself when it needs too much.

    Raises:
        RefusedError: "empty", "not an image", "unsupported", "truncated", "damaged", "unreadable", "too small",
            "too many pixels", "too many bytes", "too much memory" or "took too long".
    """
    content = _unwrapped(content)
    if content.startswith(JPEG):
        header = read_jpeg(content)
        width, height = header.size
        if header.scans == 1 or width * height * header.scans <= _WORK_HERE:
            return photograph_of_jpeg(content, header, params)
    elif content.startswith(PNG):
        width, height = png_size(content)
        if width * height <= _PIXELS_HERE:
            return photograph(content, params)
    image, answer = in_decoder_process("photograph", content, params)
    return Photograph(image, (answer["width"], answer["height"]), answer["remarks"])


def glimpse(content: bytes, params: ResizeParams) -> Image.Image:
    """What can be seen of any file, for a small picture: RGB, no more than `SMALL` pixels wide and high.

    Raises:
        RefusedError: if nothing can.
    """
    image, _ = in_decoder_process("glimpse", _unwrapped(content), params)
    return image


def _unwrapped(content: bytes) -> bytes:
    """ImageNet has some files that are compressed once more."""
    require_bytes(len(content))
    if not content.startswith(_GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            inner = file.read(_LARGEST + 1)
    except EOFError as error:
        raise RefusedError("truncated", f"gzip: {error}") from None
    except (OSError, zlib.error) as error:
        raise RefusedError("unreadable", f"gzip: {error}") from None
    if len(inner) > _LARGEST:
        raise RefusedError("unreadable", f"gzip: it unpacks to more than {_LARGEST:,} bytes")
    return inner


# Pillow widens its filters when it shrinks, so both directions are antialiased; bicubic is what most published
# preprocessing uses.
FILTER = Image.Resampling.BICUBIC

_LONGEST = 256
"""Times the short side; scaled whole, such a photograph takes 64 MiB."""


def resize(image: Image.Image, policy: str) -> NDArray[np.uint8]:
    """uint8 `(256, 256, 3)`.

    Args:
        image: RGB, of any size.
        policy: `crop` scales the short side to 256 and cuts the centre out; `squash` ignores the aspect; `torchvision`
            is `crop` with that library's filter and rounding.
    """
    if policy == "torchvision":
        return _as_torchvision(image)
    # The centre is cut out on the way: what would be scaled only to be cut away is never made.
    box = _centre(*image.size) if policy == "crop" else None
    return np.asarray(image.resize((SIDE, SIDE), FILTER, box))


def _as_torchvision(image: Image.Image) -> NDArray[np.uint8]:
    """The middle that `Resize(256)` and `CenterCrop` of torchvision.transforms give, to the bit.

    The long side is rounded down; half a pixel of the cut is rounded to even, of 256 pixels as of 224. What is
    hundreds of times as long as wide is cut first.
    """
    short, long = sorted(image.size)
    if long > _LONGEST * short:
        return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, _centre(*image.size)))
    width, height = (SIDE if side == short else int(SIDE * side / short) for side in image.size)
    left, top = (round((side - SIDE) / 2) for side in (width, height))
    scaled = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(scaled.crop((left, top, left + SIDE, top + SIDE)))


def _centre(width: int, height: int) -> tuple[float, float, float, float]:
    """The part, in pixels of the photograph, that the middle of the scaled photograph is made of.

    The short side becomes 256, the long side is rounded to a pixel, and the middle begins at a whole one.
    """
    (left, right), (top, bottom) = (_middle(side, side * SIDE / min(width, height)) for side in (width, height))
    return left, top, right, bottom


def _middle(side: int, scaled: float) -> tuple[float, float]:
    pixels = round(scaled)
    start = (pixels - SIDE) // 2
    return start * side / pixels, (start + SIDE) * side / pixels
