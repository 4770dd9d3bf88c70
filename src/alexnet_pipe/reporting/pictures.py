"""Arrays and plots as parts of a page that needs no other file."""

import base64
import io
import re

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.reporting.plots import INK

# A date would give the same figure other bytes each time.
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def picture(pixels: NDArray[np.generic], side: int | None = None, quality: int = 80) -> str:
    """RGB pixels in 0–255, `(height, width, 3)`, as WebP; `side` is the height and width to shrink to."""
    image = _image(pixels)
    return photograph(image.resize((side, side), Image.Resampling.BICUBIC) if side else image, quality)


def photograph(image: Image.Image, quality: int = 80) -> str:
    """An RGB image as WebP."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return _address("image/webp", buffer.getvalue())


def sharp_picture(pixels: NDArray[np.generic]) -> str:
    """RGB pixels as PNG: for kernels, whose single pixels matter."""
    buffer = io.BytesIO()
    _image(pixels).save(buffer, "PNG")
    return _address("image/png", buffer.getvalue())


def plot(figure: Figure) -> str:
    """A matplotlib figure as SVG, whose bytes depend on the figure alone."""
    return _address("image/svg+xml", _svg(figure).encode())


def drawing(figure: Figure, name: str) -> Markup:
    """A matplotlib figure as an element of the page: what is drawn in `INK` has the page's ink, letters are text.

    Args:
        figure: Whose bytes depend on it alone.
        name: Opens the names of the drawing's parts, so that no two drawings of a page share one.
    """
    with mpl.rc_context({"svg.fonttype": "none"}):
        svg = _svg(figure)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg[svg.index("<svg") :])
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return Markup(svg.replace(INK, "currentColor"))


def _image(pixels: NDArray[np.generic]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    return buffer.getvalue()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
