"""Any mode and colour profile as sRGB of 8 bits."""

import io
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageCms

TOP_OF_INTEGERS = 65535.0
"""The white of images with more than 8 bits a channel."""

_LIKE_SRGB = 2
"""Levels: a profile that changes nothing by more is taken for sRGB, whatever it is called."""

_GREY = ("1", "L", "LA", "La")

ToSrgb = Callable[[Image.Image], Image.Image]


def srgb_converter(image: Image.Image, background: str) -> tuple[ToSrgb, str]:
    """What makes the image, or a part of it, RGB; and a remark if its colour profile cannot be used.

    Grey of 16 bits is scaled, floats by their largest value; alpha is laid over `background`.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        return _scaler(image), ""
    transform, remark = _profile_transform(image)
    mode = _mode(image)

    def convert(part: Image.Image) -> Image.Image:
        if part.has_transparency_data:
            return _laid_over(background, part.convert("RGBA"), mode, transform)
        return _rgb(transform(part if part.mode == mode else part.convert(mode)))

    if _is_inverted(image):
        return lambda part: convert(ImageChops.invert(part)), remark
    return convert, remark


def _mode(image: Image.Image) -> str:
    """The mode in which the image's colours are transformed; alpha is apart."""
    if image.mode in _GREY:
        return "L"
    return image.mode if image.mode in ("CMYK", "LAB") else "RGB"


def _is_inverted(image: Image.Image) -> bool:
    # Adobe writes CMYK JPEGs inverted and marks its files; Pillow turns all of them around, the unmarked ones wrongly
    # (libjpeg.txt, "Special color spaces").
    return image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info


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
    try:
        return _transform(profile, mode), ""
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        return _unchanged, f"colour profile ignored: {error}"


@lru_cache(maxsize=16)  # A collection has few cameras, and so few profiles.
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


def _scaler(image: Image.Image) -> ToSrgb:
    integers = image.mode.startswith("I")
    top = TOP_OF_INTEGERS if integers else max(1.0, float(image.getextrema()[1]))  # type: ignore[arg-type]
    return lambda part: _scaled(part, top)


def _scaled(image: Image.Image, top: float) -> Image.Image:
    # Pillow would clip 16 bits at 255.
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    return Image.fromarray(np.clip(values * np.float32(255.0 / top) + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
