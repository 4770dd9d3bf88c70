"""Small photographs of every kind."""

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import Photograph, decode

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "PNG": ("PNG", {}),
    "GIF": ("GIF", {}),
    "WebP": ("WEBP", {}),
    "lossless WebP": ("WEBP", {"lossless": True}),
    "TIFF": ("TIFF", {}),
    "deflated TIFF": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "BMP": ("BMP", {}),
    "PPM": ("PPM", {}),
    "AVIF": ("AVIF", {}),
    "JPEG 2000": ("JPEG2000", {}),
}
"""The format and the options with which Pillow writes each kind."""


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def of_kind(kind: str, image: Image.Image) -> bytes:
    file_format, options = KINDS[kind]
    return encoded(image, file_format, **options)


def photograph(content: bytes, **params: Any) -> Photograph:
    return decode(content, ResizeParams(**params))


def decoded(content: bytes, **params: Any) -> np.ndarray:
    """int `(height, width, 3)`."""
    image = photograph(content, **params).image
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def noise(width: int, height: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, *channels), dtype=np.uint8)


@cache
def landscape(width: int, height: int) -> Image.Image:
    """A picture with the spectrum of a photograph: much that is coarse, and less of all that is fine."""
    generator = np.random.default_rng(7)
    pixels = np.full((height, width, 3), 128, np.float32)
    for cells in (3, 9, 27, 81, 243):
        grid = generator.normal(0, 75 / cells**0.5, (cells, cells, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(grid[..., channel]).resize((width, height), Image.Resampling.BICUBIC)
            pixels[..., channel] += np.asarray(layer)
    pixels += generator.normal(0, 5, (height, width, 1)).astype(np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
