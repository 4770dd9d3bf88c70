"""From the bytes of a photograph to upright sRGB pixels, or a reason for refusing it."""

import gzip
import io
import re
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.colours import ToSrgb, srgb_converter
from alexnet_pipe.preparation.formats import DECODED_WITH, FORMATS, ends_early, is_image, unsupported_kind

_GZIP = b"\x1f\x8b"
_LARGEST = 1 << 26
"""Bytes of the largest file that is taken out of gzip."""

_BAND = 1 << 20
"""Pixels that are converted at a time."""

_Turn = Image.Transpose
_UPRIGHT = {
    2: _Turn.FLIP_LEFT_RIGHT,
    3: _Turn.ROTATE_180,
    4: _Turn.FLIP_TOP_BOTTOM,
    5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270,
    7: _Turn.TRANSVERSE,
    8: _Turn.ROTATE_90,
}
"""What turns an image of each EXIF orientation upright."""


class RefusedError(Exception):
    """A file that cannot be used: a short reason, and what the decoder said, in one line."""

    def __init__(self, reason: str, detail: str) -> None:
        detail = " ".join(detail.split())
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Photograph(NamedTuple):
    """
    Attributes:
        image: RGB, upright. Large ones are shrunk on the way: a JPEG to no less than 256 pixels, others to no less than
            512.
        size: Width and height of the file, upright, in pixels.
        remarks: What a user should know of a file that is used all the same, by a short reason.
    """

    image: Image.Image
    size: tuple[int, int]
    remarks: dict[str, str]


def decode(content: bytes, params: ResizeParams) -> Photograph:
    """The whole photograph.

    Raises:
        RefusedError: "empty", "not an image", "unsupported", "truncated", "too small", "too many pixels" or
            "unreadable".
    """
    if not content:
        raise RefusedError("empty", "0 bytes")
    content = _unwrapped(content)
    with _limited(params.max_pixels):
        try:
            return _decode(content, params)
        except RefusedError:
            raise
        except Exception as error:
            raise _refusal(content, error) from None


@contextmanager
def _limited(max_pixels: int) -> Iterator[None]:
    """Pillow refuses larger images as soon as it knows their size, and does not warn of anything else."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _refusal(content: bytes, error: Exception) -> RefusedError:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        pixels = re.search(r"\d+", str(error))
        return RefusedError("too many pixels", f"{int(pixels[0]) if pixels else 0:,}, more than resize.max_pixels")
    unknown = isinstance(error, UnidentifiedImageError)
    if unknown and (kind := unsupported_kind(content)):
        return RefusedError("unsupported", f"{kind}: convert it to JPEG or PNG")
    if unknown and not is_image(content):
        return RefusedError("not an image", "no decoder knows it")
    if "truncated" in str(error).lower() or ends_early(content):
        return RefusedError("truncated", f"{len(content):,} bytes are not all of it")
    # What Pillow says of an unknown file is where the file lies in memory.
    return RefusedError("unreadable", "its header is damaged" if unknown else f"{type(error).__name__}: {error}")


def _unwrapped(content: bytes) -> bytes:
    """ImageNet has some files that are compressed once more."""
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


def _decode(content: bytes, params: ResizeParams) -> Photograph:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        width, height = image.size
        weight = DECODED_WITH.get(image.format or "", 1)
        if width * height * weight > params.max_pixels:
            raise RefusedError("too many pixels", f"{width * height:,}, more than resize.max_pixels / {weight}")
        if min(width, height) < params.min_side:
            raise RefusedError("too small", f"{width}×{height} pixels")
        remarks = {"animated": "the first frame is used"} if _is_animated(image) else {}
        image.draft(None, (SIDE, SIDE))  # JPEG decodes at 1/2, 1/4 or 1/8 for a part of the time.
        image.load()
        orientation, problem = _orientation(image)
        if problem:
            remarks["EXIF"] = problem
        convert, problem = srgb_converter(image, params.background)
        if problem:
            remarks["colour profile"] = problem
        upright = _turned(_shrunk(image, convert), orientation)
        return Photograph(upright, (height, width) if orientation in (5, 6, 7, 8) else (width, height), remarks)


def _is_animated(image: Image.Image) -> bool:
    # MPO is what some cameras make: a photograph, followed by previews of it.
    return image.format != "MPO" and getattr(image, "is_animated", False)


def _orientation(image: Image.Image) -> tuple[int, str]:
    """What EXIF says of a loaded image, 1 to 8, and a remark if that cannot be read.

    Pillow turns TIFF upright as it loads it, and then says 1.
    """
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:
        return 1, f"its orientation cannot be read ({type(error).__name__})"
    return orientation if orientation in _UPRIGHT else 1, ""


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _shrunk(image: Image.Image, convert: ToSrgb) -> Image.Image:
    """RGB; by whole numbers, averaged, as long as both sides keep 512 pixels; a band at a time, to save memory."""
    width, height = image.size
    factor = max(1, min(width, height) // (2 * SIDE))
    if factor == 1 and width * height <= _BAND:
        return convert(image)
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, _BAND // width // factor) * factor
    for top in range(0, height, rows):
        band = convert(image.crop((0, top, width, min(top + rows, height))))
        small.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return small
