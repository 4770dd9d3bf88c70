"""Arrays and plots as `data:` addresses, so that the page needs no other file."""

import base64
import io

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image


def picture(pixels: NDArray[np.generic], side: int | None = None, quality: int = 80) -> str:
    """RGB pixels in 0–255, `(height, width, 3)`, as WebP; `side` is the height and width to shrink to."""
    image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    if side:
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return _address("image/webp", buffer.getvalue())


def sharp_picture(pixels: NDArray[np.generic]) -> str:
    """RGB pixels as PNG: for kernels, whose single pixels matter."""
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(buffer, "PNG")
    return _address("image/png", buffer.getvalue())


def plot(figure: Figure) -> str:
    """A matplotlib figure as SVG, whose bytes depend on the figure alone."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _address("image/svg+xml", buffer.getvalue())


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
