"""From a file that was looked through to upright sRGB pixels, by the decoder of its kind."""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.colours import ToSrgb, srgb_converter
from alexnet_pipe.preparation.formats import (
    FORMATS,
    GIF,
    JPEG,
    PNG,
    TIFF,
    WEIGHTS,
    RefusedError,
    pillow_refusal,
    require_short_header,
)
from alexnet_pipe.preparation.jpeg_file import JpegHeader, jpeg_image, read_jpeg
from alexnet_pipe.preparation.png_file import read_png
from alexnet_pipe.preparation.strictness import jpeg2000_levels, read_gif, require_undamaged
from alexnet_pipe.preparation.tiff_file import read_tiff

_SEQUENCE = b"ftypavis"
"""How an animated AVIF begins behind its first size; the strict decoder does not know it."""

_BAND = 1 << 20
"""Pixels that are converted at a time."""

_WHOLE = 1 << 24
"""Pixels of a photograph that is never shrunk on the way where what that changes would matter."""

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


class Photograph(NamedTuple):
    """
    Attributes:
        image: RGB, upright. Large ones are shrunk on the way: a JPEG to no less than 256 pixels, others to no less than
            512. For the policy `torchvision` only those of more than 16 million pixels are, and JPEG 2000.
        size: Width and height of the file, upright, in pixels.
        remarks: What a user should know of a file that is used all the same, by a short reason.
    """

    image: Image.Image
    size: tuple[int, int]
    remarks: dict[str, str]


class _Clean(NamedTuple):
    """A file that was looked through.

    Attributes:
        content: The first picture alone.
        bits: Of a channel.
        orientation: As EXIF has it; 0 if that is in the image's `info`.
        animated: Whether there are more pictures.
        info: What the image's `info` lacks.
        checked: What the second decoder is to see instead.
        kind: What to call it if it cannot be decoded.
    """

    content: bytes
    bits: int = 8
    orientation: int = 0
    animated: bool = False
    info: Mapping[str, Any] = MappingProxyType({})
    checked: bytes = b""
    kind: str = ""


class _Stored(NamedTuple):
    """A picture as its file has it: of any mode, its size in pixels, bits of a channel, orientation, and remarks."""

    image: Image.Image
    size: tuple[int, int]
    bits: int
    orientation: int
    remarks: Mapping[str, str]


def photograph(content: bytes, params: ResizeParams) -> Photograph:
    """The whole photograph, whatever that takes. A large `content` should be nobody else's: it is let go early.

    Raises:
        RefusedError: as `preparation.decode.decode`.
    """
    if content.startswith(JPEG):
        return photograph_of_jpeg(content, read_jpeg(content), params)
    clean = _cleaned(content, params)
    del content
    with _quiet():
        try:
            stored = _opened(clean, params)
        except (RefusedError, MemoryError):
            raise
        except Exception as error:
            raise pillow_refusal(clean.content, error) from None
        return _finished(stored, params)


def photograph_of_jpeg(content: bytes, header: JpegHeader, params: ResizeParams) -> Photograph:
    """As `photograph`, of a file whose header has been read."""
    _require_size(header.size, 1, params)
    smallest = max(header.size) if _whole(header.size, params) else SIDE
    image, warning = jpeg_image(content, header, smallest)
    with _quiet():
        return _finished(_Stored(image, header.size, 8, 0, {"JPEG": warning} if warning else {}), params)


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow neither warns nor has limits of its own: ours are asked before it decodes."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _require_size(size: tuple[int, int], weight: float, params: ResizeParams) -> None:
    width, height = size
    if width * height * weight > params.max_pixels:
        limit = "resize.max_pixels" + (f" / {weight:g}" if weight > 1 else "")
        raise RefusedError("too many pixels", f"{width * height:,}, more than {limit}")
    if min(width, height) < params.min_side:
        raise RefusedError("too small", f"{width}×{height} pixels")


def _cleaned(content: bytes, params: ResizeParams) -> _Clean:
    if content.startswith(PNG):
        png = read_png(content)
        return _Clean(png.content, png.bits, animated=png.animated, info=png.info)
    if content.startswith(GIF):
        gif = read_gif(content)
        return _Clean(gif.content, animated=gif.animated)
    if content.startswith(TIFF):
        tiff = read_tiff(content)
        _require_size(tiff.size, 1, params)
        return _Clean(tiff.content, tiff.bits, tiff.orientation, tiff.animated, checked=tiff.checked, kind=tiff.kind)
    require_short_header(content)
    return _Clean(content)


def _opened(clean: _Clean, params: ResizeParams) -> _Stored:
    """What Pillow makes of a file."""
    try:
        image = Image.open(io.BytesIO(clean.content), formats=FORMATS)
    except (UnidentifiedImageError, SyntaxError, NotImplementedError):
        if clean.kind:
            raise RefusedError("unsupported", f"{clean.kind}: convert it to RGB") from None
        raise
    with image:
        size = image.size
        halvings = _halvings(clean.content, size) if image.format == "JPEG2000" else 0
        _require_size(size, WEIGHTS.get(image.format or "", 1) / 4**halvings, params)
        if clean.content[4:12] == _SEQUENCE:
            raise RefusedError("unsupported", "a sequence of pictures in AVIF: save one of them as PNG")
        if image.format in ("AVIF", "TIFF"):
            require_undamaged(clean.checked or clean.content)
        if halvings:
            image.reduce = halvings  # type: ignore[method-assign, assignment]
        animated = clean.animated or getattr(image, "is_animated", False)
        image.load()
        image.info.update(clean.info)
        remarks = {"animated": "the first frame is used"} if animated else {}
        return _Stored(image, size, clean.bits, clean.orientation, remarks)


def _halvings(content: bytes, size: tuple[int, int]) -> int:
    """How often a JPEG 2000 is halved as it is decoded, to save memory: as long as both sides keep 512 pixels."""
    return min(jpeg2000_levels(content), max(0, (min(size) // (2 * SIDE)).bit_length() - 1))


def _finished(stored: _Stored, params: ResizeParams) -> Photograph:
    image, (width, height), bits, orientation, remarks = stored
    remarks = dict(remarks)
    if not orientation:
        orientation, problem = _orientation(image)
        if problem:
            remarks["EXIF"] = problem
    convert, said = srgb_converter(image, params.background, bits)
    smallest = max(image.size) if _whole((width, height), params) else 2 * SIDE
    upright = _turned(_shrunk(image, convert, smallest), orientation)
    size = (height, width) if orientation in (5, 6, 7, 8) else (width, height)
    return Photograph(upright, size, remarks | said)


def _orientation(image: Image.Image) -> tuple[int, str]:
    """What EXIF says of a loaded image, 1 to 8, and a remark if that cannot be read."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception as error:
        return 1, f"its orientation cannot be read ({type(error).__name__})"
    return orientation if orientation in _UPRIGHT else 1, ""


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _whole(size: tuple[int, int], params: ResizeParams) -> bool:
    return params.policy == "torchvision" and size[0] * size[1] <= _WHOLE


def _shrunk(image: Image.Image, convert: ToSrgb, smallest: int) -> Image.Image:
    """RGB; by whole numbers, averaged, if both sides keep `smallest` pixels; a band at a time, to save memory."""
    width, height = image.size
    factor = max(1, min(width, height) // smallest)
    if factor == 1 and width * height <= _BAND:
        return convert(image)
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, _BAND // width // factor) * factor
    for top in range(0, height, rows):
        band = convert(image.crop((0, top, width, min(top + rows, height))))
        small.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return small
