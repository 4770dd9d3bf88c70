"""From the bytes of a photograph to upright RGB pixels, or a reason for refusing it."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError


class RefusedError(Exception):
    """A file that cannot be used: a short reason, and what the decoder said."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def decode(content: bytes, background: str, min_side: int) -> Image.Image:
    """The whole photograph, upright, RGB, alpha over `background`.

    Raises:
        RefusedError: "empty", "not an image", "truncated", "too small", "too many pixels" or "unreadable".
    """
    if not content:
        raise RefusedError("empty", "0 bytes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(content, background, min_side)
        except UnidentifiedImageError:
            raise RefusedError("not an image", "no decoder knows it") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise RefusedError("too many pixels", str(error)) from None
        except RefusedError:
            raise
        except Exception as error:
            reason = "truncated" if "truncated" in str(error).lower() else "unreadable"
            raise RefusedError(reason, f"{type(error).__name__}: {error}") from None


def _decode(content: bytes, background: str, min_side: int) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        if min(image.size) < min_side:
            raise RefusedError("too small", f"{image.width}×{image.height} pixels")
        image.load()
        upright = ImageOps.exif_transpose(image)
        return to_rgb(upright, background)


def to_rgb(image: Image.Image, background: str) -> Image.Image:
    """Any mode as RGB of 8 bits; 16-bit grey is scaled, and alpha laid over `background`."""
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled(image).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, background), rgba).convert("RGB")
    return image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    # Pillow would clip 16 bits at 255.
    values = np.asarray(image).astype(np.float64)
    top = 65535.0 if image.mode.startswith("I") else max(1.0, float(np.nanmax(values)))
    return Image.fromarray(np.clip(np.nan_to_num(values) * (255.0 / top) + 0.5, 0, 255).astype(np.uint8))
