"""Pages and cards from templates, and arrays and plots as parts of a page that needs no other file."""

import base64
import io
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.terminal import with_interval

BLUE, ORANGE, INK = "#3b82c4", "#d97a2b", "#8a8f98"
"""Two colours that the colour-blind tell apart; and what becomes the page's own in drawings."""

SIZE = (4.6, 3.0)
"""Inches: letters of 10 points can still be read where this is as wide as a telephone."""

# Names of SVG elements are random otherwise, and the page would never have the same bytes twice.
mpl.rcParams["svg.hashsalt"] = "alexnet-pipe"
mpl.rcParams["svg.fonttype"] = "path"

# A date would give the same figure other bytes each time.
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def picture(pixels: NDArray[np.generic], side: int | None = None) -> str:
    """RGB pixels in 0–255, `(height, width, 3)`, as WebP; `side` is the height and width to shrink to."""
    image = _image(pixels)
    return image_address(image.resize((side, side), Image.Resampling.BICUBIC) if side else image)


def sharp_picture(pixels: NDArray[np.generic]) -> str:
    """RGB pixels as PNG: for kernels, whose single pixels matter."""
    return image_address(_image(pixels), "png")


def image_address(image: Image.Image, form: str = "webp") -> str:
    """An RGB image as an address that holds it."""
    buffer = io.BytesIO()
    image.save(buffer, form, quality=80, method=4)
    return _address(f"image/{form}", buffer.getvalue())


def plot(figure: Figure) -> str:
    """A matplotlib figure as SVG, whose bytes depend on the figure alone."""
    return _address("image/svg+xml", _svg(figure).encode())


def drawing(figure: Figure, name: str) -> Markup:
    """A matplotlib figure as an element of the page: what is drawn in `INK` has the page's ink, letters are text.

    Its bytes depend on the figure alone. `name` opens the names of its parts: no two drawings of a page share one.
    """
    with mpl.rc_context({"svg.fonttype": "none"}):
        svg = _svg(figure)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg[svg.index("<svg") :])
    svg = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return Markup(svg.replace(INK, "currentColor"))


def new_figure(x: str, y: str) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes, and their labels."""
    figure = Figure(figsize=SIZE, layout="constrained")
    return figure, styled(figure.subplots(), x, y)


def two_figures(height: float, ratios: tuple[int, int]) -> tuple[Figure, Axes, Axes]:
    """One above the other, with one horizontal axis; `height` in inches, divided by `ratios`."""
    figure = Figure(figsize=(SIZE[0], height), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=ratios)
    return figure, above, below


def styled(axes: Axes, x: str, y: str) -> Axes:
    """`axes` in the style of the page, with their labels."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(which="both", colors=INK)
    axes.grid(axis="y", color=INK, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    return axes


def _image(pixels: NDArray[np.generic]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    return buffer.getvalue()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


_LOADER = PackageLoader("alexnet_pipe", "")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>|~#&!@:$])")


def rendered(template: str, **content: Any) -> str:
    """A template, named by its path in `alexnet_pipe`, filled in; what it misses in `content` is an error."""
    return _environment().get_template(template).render(content)


def template_text(name: str) -> str:
    """A template, or a part of one, as it is written."""
    return _LOADER.get_source(_environment(), name)[0]


def percent(share: float | None, decimals: int = 1) -> str:
    """A share as per cent, not to be broken at a line's end; or a dash."""
    return "–" if share is None else _spaced(f"{share:.{decimals}%}")


def percent_with_interval(share: float | None, interval: Mapping[str, float] | None) -> str:
    """The same with the ends of its interval, `low` and `high`: "12.5 % (11.2 % to 13.9 %)"."""
    return "–" if share is None or interval is None else _spaced(with_interval(share, **interval, form=".1%"))


def count(number: int) -> str:
    """A whole number with commas between thousands."""
    return f"{number:,}"


def points(difference: float) -> str:
    """A difference of two shares in points, with its sign."""
    return f"{100 * difference:+.2f}"


def plain(text: Any) -> str:
    """Text from the world, in which no character means anything to Markdown, on one line."""
    line = " ".join(str(text).split())
    visible = "".join(character if character.isprintable() else "�" for character in line)
    return _MARKDOWN.sub(r"\\\1", visible)


def _spaced(text: str) -> str:
    return text.replace("%", "\u00a0%")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=_LOADER,
        # Names of files and classes are the world's, and may hold markup.
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (percent, percent_with_interval, count, points, plain, picture, sharp_picture)
    environment.filters.update({each.__name__: each for each in filters})
    return environment
