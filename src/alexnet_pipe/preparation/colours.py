"""Any mode and colour profile as sRGB of 8 bits."""

import io
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from alexnet_pipe.preparation.formats import RefusedError

TOP_OF_INTEGERS = 65535.0
"""The white of images with more than 8 bits a channel."""

MOST_PROFILE = 1 << 22
"""Bytes of the largest colour profile that is used; those of printers have up to 3 MB."""

_DARK = 8
"""An image that uses less than one part in so many of its range is remarked on."""

_LIKE_SRGB = 2
"""Levels: a profile that changes nothing by more is taken for sRGB, whatever it is called."""

_GREY = ("1", "L", "LA", "La")

ToSrgb = Callable[[Image.Image], Image.Image]


def srgb_converter(image: Image.Image, background: str, bits: int) -> tuple[ToSrgb, dict[str, str]]:
    """What makes the image, or a part of it, RGB; and remarks, "colour profile" if it cannot be used, and "dark".

    Grey of 16 bits is scaled, floats by their largest value; alpha is laid over `background`.

    Args:
        image: Of any mode.
        background: A colour.
        bits: Of a channel in the file; Pillow makes 8 of 16 in colours.

    Raises:
        RefusedError: "unsupported" if it is grey with numbers below 0 or above 65535.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        return _scaler(image)
    transform, problem = _profile_transform(image)
    remarks = {"colour profile": problem} if problem else {}
    if bits == 16:
        remarks |= _dark(1 + _brightest(image), 256)
    mode = _mode(image)

    def convert(part: Image.Image) -> Image.Image:
        if part.has_transparency_data:
            return _laid_over(background, part.convert("RGBA"), mode, transform)
        return _rgb(transform(part if part.mode == mode else part.convert(mode)))

    return convert, remarks


def _mode(image: Image.Image) -> str:
    """The mode in which the image's colours are transformed; alpha is apart."""
    if image.mode in _GREY:
        return "L"
    return image.mode if image.mode in ("CMYK", "LAB") else "RGB"


def _laid_over(background: str, rgba: Image.Image, mode: str, transform: ToSrgb) -> Image.Image:
    if transform is not _unchanged:
        colours = _rgb(transform(rgba.convert(mode)))
        colours.putalpha(rgba.getchannel("A"))
        rgba = colours
    return Image.alpha_composite(Image.new("RGBA", rgba.size, background), rgba).convert("RGB")


def _rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _profile_transform(image: Image.Image) -> tuple[ToSrgb, str]:
    profile, mode = image.info.get("icc_profile"), _mode(image)
    if mode == "LAB":
        return _transform(_lab(), mode), ""
    if not profile:
        return _unchanged, ""
    if len(profile) > MOST_PROFILE:
        return _unchanged, f"colour profile ignored: it has more than {MOST_PROFILE:,} bytes"
    try:
        return _transform(profile, mode), ""
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        return _unchanged, f"colour profile ignored: {error}"


@lru_cache(maxsize=8)  # A collection has few cameras, and so few profiles.
def _transform(profile: bytes, mode: str) -> ToSrgb:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(source, _srgb(), mode, "RGB")
    if mode == "RGB" and _changes_little(transform.apply):
        return _unchanged
    return lambda image: transform.apply(image)


def _changes_little(transform: ToSrgb) -> bool:
    levels = np.linspace(0, 255, 18).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(18, -1, 3)
    changed = np.asarray(transform(Image.fromarray(grid))).astype(int)
    return bool(np.abs(changed - grid).max() <= _LIKE_SRGB)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=1)
def _lab() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def _unchanged(image: Image.Image) -> Image.Image:
    return image


def _scaler(image: Image.Image) -> tuple[ToSrgb, dict[str, str]]:
    if image.mode == "F":
        top = max(1.0, float(image.getextrema()[1]))  # type: ignore[arg-type]
        return lambda part: _scaled(part, top), {}
    # Pillow has no extrema of I;16B.
    levels = np.asarray(image)
    lowest, highest = int(levels.min()), int(levels.max())
    if lowest < 0 or highest > TOP_OF_INTEGERS:
        numbers = f"grey with numbers from {lowest:,} to {highest:,}"
        raise RefusedError("unsupported", f"{numbers}: convert it to grey of 8 or of 16 bits, from 0")
    return lambda part: _scaled(part, TOP_OF_INTEGERS), _dark(1 + highest, 1 << 16)


def _brightest(image: Image.Image) -> int:
    """The largest value of any colour."""
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return max(int(high) for name, (_, high) in zip(image.getbands(), bands, strict=True) if name != "A")


def _dark(used: int, levels: int) -> dict[str, str]:
    """A remark on an image of 16 bits that is nearly black, as its numbers have fewer; none on one that is black."""
    dark = 1 < used <= levels // _DARK
    return {"dark": f"uses 1/{levels // used} of 16 bits"} if dark else {}


def _scaled(image: Image.Image, top: float) -> Image.Image:
    # Pillow would clip 16 bits at 255.
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    return Image.fromarray(np.clip(values * np.float32(255.0 / top) + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
