"""One picture: an object of the class somewhere in the middle, a background, clutter, a shadow and light."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from alexnet_pipe.datasets.sample.difficulty import SAMPLE, Difficulty
from alexnet_pipe.datasets.sample.shapes import SHAPES, Outlines, Points, blob, filled, on_circle, rotated
from alexnet_pipe.datasets.sample.textures import TEXTURES, any_colour, colours, exposed, surface, texture

CLASSES = tuple(sorted((*SHAPES, *TEXTURES)))

_Size = tuple[int, int]


class Scene(NamedTuple):
    """A picture (mode RGB), and where its object is (mode L, 255 on the object)."""

    picture: Image.Image
    cover: Image.Image


def draw_scene(name: str, rng: np.random.Generator, on_white: bool = False, difficulty: Difficulty = SAMPLE) -> Scene:
    """Draw a picture of the class `name`.

    Args:
        name: One of `CLASSES`.
        rng: Decides everything else.
        on_white: Draw the object such that it can be told from white, should its background be taken away.
        difficulty: How hard it is to recognise.
    """
    size = _frame(difficulty, rng)
    dark, bright = colours(difficulty, rng)
    if not on_white and rng.random() < 0.5:
        dark, bright = bright, dark
    # A texture has both tones in itself, and its patch should differ from the ground in both.
    ground = bright if name in SHAPES else [any_colour(rng), any_colour(rng)]
    canvas = surface(size, ground, difficulty, rng)
    _add_clutter(canvas, difficulty.lines_behind, difficulty.specks_behind, difficulty, rng)
    cover = _cover(name, size, difficulty, rng, whole_frame=not on_white and rng.random() < difficulty.full_frame)
    if rng.random() < difficulty.shadows:
        _add_shadow(canvas, cover, difficulty, rng)
    body = surface(size, dark, difficulty, rng)
    if name in TEXTURES:
        body = Image.composite(surface(size, bright, difficulty, rng), body, texture(name, size, difficulty, rng))
    canvas.paste(body, mask=cover)
    _add_clutter(canvas, difficulty.lines_in_front, difficulty.specks_in_front, difficulty, rng)
    return Scene(exposed(canvas, difficulty, rng), cover)


def _frame(difficulty: Difficulty, rng: np.random.Generator) -> _Size:
    """Width and height in pixels."""
    shares = [share for share, _ in difficulty.long_sides]
    _, long_sides = difficulty.long_sides[rng.choice(len(shares), p=shares)]
    long = int(rng.integers(*long_sides, endpoint=True))
    short = max(round(long * rng.uniform(*difficulty.aspect)), difficulty.shortest_side)
    return (long, short) if rng.random() < 0.5 else (short, long)


def _cover(name: str, size: _Size, difficulty: Difficulty, rng: np.random.Generator, whole_frame: bool) -> Image.Image:
    """Where the object is; only a texture can fill the whole frame."""
    if name in SHAPES:
        return filled(size, _placed(SHAPES[name](rng), size, difficulty.shape_radius, difficulty, rng))
    if whole_frame:
        return Image.new("L", size, 255)
    return filled(size, _placed(blob(rng), size, difficulty.patch_radius, difficulty, rng))


def _placed(
    outlines: Outlines, size: _Size, radii: tuple[float, float], difficulty: Difficulty, rng: np.random.Generator
) -> list[Points]:
    """Turn and squeeze `outlines`, and put them within the central square of a frame of `size`."""
    short = min(size)
    radius = rng.uniform(*radii)
    room = max(0.5 - difficulty.margin - radius, 0)
    centre = np.array(size) / 2 + rng.uniform(-room, room, 2) * short
    squeeze = np.array([rng.uniform(*difficulty.squash), 1])
    first, second = rng.random(2)
    return [rotated(rotated(points, first) * squeeze, second) * radius * short + centre for points in outlines]


def _add_clutter(
    canvas: Image.Image,
    lines: tuple[int, int],
    specks: tuple[int, int],
    difficulty: Difficulty,
    rng: np.random.Generator,
) -> None:
    """Draw thin lines and small polygons of any colour anywhere; too small to be taken for the object."""
    pen = ImageDraw.Draw(canvas)
    short = min(canvas.size)
    for _ in range(rng.integers(*lines, endpoint=True)):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * canvas.size
        width = max(round(rng.uniform(*difficulty.line_width) * short), 1)
        pen.line(_corners(ends), fill=any_colour(rng), width=width)
    for _ in range(rng.integers(*specks, endpoint=True)):
        corners = rotated(on_circle(int(rng.integers(3, 9))), rng.random())
        radius = rng.uniform(*difficulty.speck_radius) * short
        pen.polygon(_corners(corners * radius + rng.random(2) * canvas.size), fill=any_colour(rng))


def _corners(points: Points) -> list[tuple[int, int]]:
    return [(x, y) for x, y in np.rint(points).astype(int).tolist()]


def _add_shadow(canvas: Image.Image, cover: Image.Image, difficulty: Difficulty, rng: np.random.Generator) -> None:
    """Darken the canvas beside the object, softly."""
    short = min(canvas.size)
    offset = np.rint(rng.uniform(-0.06, 0.06, 2) * short).astype(int).tolist()
    shadow = Image.new("L", canvas.size)
    shadow.paste(cover, tuple(offset))
    shadow = shadow.filter(ImageFilter.GaussianBlur(0.02 * short))
    strength = rng.uniform(*difficulty.shadow_strength)
    canvas.paste((0, 0, 0), mask=shadow.point([round(strength * level) for level in range(256)]))
