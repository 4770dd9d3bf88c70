"""One picture: an object of the class somewhere in the middle, a background, clutter, a shadow and light."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from alexnet_pipe.datasets.sample import difficulty
from alexnet_pipe.datasets.sample.geometry import Points, filled, on_circle, rotated
from alexnet_pipe.datasets.sample.shapes import SHAPES, Outlines, blob
from alexnet_pipe.datasets.sample.surface import any_colour, colours, exposed, surface
from alexnet_pipe.datasets.sample.textures import TEXTURES, texture

CLASSES = tuple(sorted((*SHAPES, *TEXTURES)))

_Size = tuple[int, int]


class Scene(NamedTuple):
    """A picture (mode RGB), and where its object is (mode L, 255 on the object)."""

    picture: Image.Image
    cover: Image.Image


def draw_scene(name: str, rng: np.random.Generator, on_white: bool = False) -> Scene:
    """Draw a picture of the class `name`.

    Args:
        name: One of `CLASSES`.
        rng: Decides everything else.
        on_white: Draw the object such that it can be told from white, should its background be taken away.
    """
    size = _frame(rng)
    dark, bright = colours(rng)
    if not on_white and rng.random() < 0.5:
        dark, bright = bright, dark
    # A texture has both tones in itself, and its patch should differ from the ground in both.
    ground = bright if name in SHAPES else [any_colour(rng), any_colour(rng)]
    canvas = surface(size, ground, rng)
    _add_clutter(canvas, difficulty.LINES_BEHIND, difficulty.SPECKS_BEHIND, rng)
    cover = _cover(name, size, rng, whole_frame=not on_white and rng.random() < difficulty.FULL_FRAME)
    if rng.random() < difficulty.SHADOWS:
        _add_shadow(canvas, cover, rng)
    body = surface(size, dark, rng)
    if name in TEXTURES:
        body = Image.composite(surface(size, bright, rng), body, texture(name, size, rng))
    canvas.paste(body, mask=cover)
    _add_clutter(canvas, difficulty.LINES_IN_FRONT, difficulty.SPECKS_IN_FRONT, rng)
    return Scene(exposed(canvas, rng), cover)


def _frame(rng: np.random.Generator) -> _Size:
    """Width and height in pixels."""
    shares = [share for share, _ in difficulty.LONG_SIDES]
    _, long_sides = difficulty.LONG_SIDES[rng.choice(len(shares), p=shares)]
    long = int(rng.integers(*long_sides, endpoint=True))
    short = max(round(long * rng.uniform(*difficulty.ASPECT)), difficulty.SHORTEST_SIDE)
    return (long, short) if rng.random() < 0.5 else (short, long)


def _cover(name: str, size: _Size, rng: np.random.Generator, whole_frame: bool) -> Image.Image:
    """Where the object is; only a texture can fill the whole frame."""
    if name in SHAPES:
        return filled(size, _placed(SHAPES[name](rng), size, difficulty.SHAPE_RADIUS, rng))
    if whole_frame:
        return Image.new("L", size, 255)
    return filled(size, _placed(blob(rng), size, difficulty.PATCH_RADIUS, rng))


def _placed(outlines: Outlines, size: _Size, radii: tuple[float, float], rng: np.random.Generator) -> list[Points]:
    """Turn and squeeze `outlines`, and put them within the central square of a frame of `size`."""
    short = min(size)
    radius = rng.uniform(*radii)
    room = max(0.5 - difficulty.MARGIN - radius, 0)
    centre = np.array(size) / 2 + rng.uniform(-room, room, 2) * short
    squeeze = np.array([rng.uniform(*difficulty.SQUASH), 1])
    first, second = rng.random(2)
    return [rotated(rotated(points, first) * squeeze, second) * radius * short + centre for points in outlines]


def _add_clutter(
    canvas: Image.Image, lines: tuple[int, int], specks: tuple[int, int], rng: np.random.Generator
) -> None:
    """Draw thin lines and small polygons of any colour anywhere; too small to be taken for the object."""
    pen = ImageDraw.Draw(canvas)
    short = min(canvas.size)
    for _ in range(rng.integers(*lines, endpoint=True)):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * canvas.size
        width = max(round(rng.uniform(*difficulty.LINE_WIDTH) * short), 1)
        pen.line(_corners(ends), fill=any_colour(rng), width=width)
    for _ in range(rng.integers(*specks, endpoint=True)):
        corners = rotated(on_circle(int(rng.integers(3, 9))), rng.random())
        radius = rng.uniform(*difficulty.SPECK_RADIUS) * short
        pen.polygon(_corners(corners * radius + rng.random(2) * canvas.size), fill=any_colour(rng))


def _corners(points: Points) -> list[tuple[int, int]]:
    return [(x, y) for x, y in np.rint(points).astype(int).tolist()]


def _add_shadow(canvas: Image.Image, cover: Image.Image, rng: np.random.Generator) -> None:
    """Darken the canvas beside the object, softly."""
    short = min(canvas.size)
    offset = np.rint(rng.uniform(-0.06, 0.06, 2) * short).astype(int).tolist()
    shadow = Image.new("L", canvas.size)
    shadow.paste(cover, tuple(offset))
    shadow = shadow.filter(ImageFilter.GaussianBlur(0.02 * short))
    strength = rng.uniform(*difficulty.SHADOW_STRENGTH)
    canvas.paste((0, 0, 0), mask=shadow.point([round(strength * level) for level in range(256)]))
