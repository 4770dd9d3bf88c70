"""The shapes: outlines in the plane, made of points on circles, turned, squeezed, and filled into masks."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

Points = np.ndarray
"""Corners of a closed polygon: float64 (n, 2), x to the right and y down."""

SUPERSAMPLING = 2


def direction(turn: float) -> tuple[float, float]:
    """Cosine and sine of `turn` full turns.

    Rounded, because the last bit of a cosine differs between C libraries and the pictures must not.
    """
    angle = 2 * math.pi * turn
    return round(math.cos(angle), 9), round(math.sin(angle), 9)


def on_circle(corners: int) -> Points:
    """`corners` points spread evenly over the unit circle."""
    return np.array([direction(k / corners) for k in range(corners)])


def rotated(points: Points, turn: float) -> Points:
    """`points` rotated about the origin by `turn` full turns."""
    cosine, sine = direction(turn)
    x, y = points[:, 0], points[:, 1]
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1)


def filled(size: tuple[int, int], outlines: Sequence[Points]) -> Image.Image:
    """A mask of `size` (width, height), mode L: the first outline filled with 255, any further ones cut out of it."""
    width, height = size
    mask = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    pen = ImageDraw.Draw(mask)
    for number, outline in enumerate(outlines):
        corners = np.rint(outline * SUPERSAMPLING).astype(int)
        pen.polygon([(x, y) for x, y in corners.tolist()], fill=0 if number else 255)
    return mask.reduce(SUPERSAMPLING)


_ROUND = 90
"""Corners of a polygon that passes for a circle."""

Outlines = list[Points]
"""An outer outline, and possibly a hole."""


def disc(rng: np.random.Generator) -> Outlines:
    """A filled circle."""
    return [on_circle(_ROUND)]


def ring(rng: np.random.Generator) -> Outlines:
    """A circle with a round hole."""
    return [on_circle(_ROUND), on_circle(_ROUND) * rng.uniform(0.5, 0.72)]


def square(rng: np.random.Generator) -> Outlines:
    """Four corners."""
    return [on_circle(4)]


def triangle(rng: np.random.Generator) -> Outlines:
    """Three corners."""
    return [on_circle(3)]


def star(rng: np.random.Generator) -> Outlines:
    """Five to seven points; the more points, the shallower."""
    points = int(rng.integers(5, 8))
    outline = on_circle(2 * points)
    outline[1::2] *= rng.uniform(0.35, 0.45) + 0.05 * (points - 5)
    return [outline]


def cross(rng: np.random.Generator) -> Outlines:
    """Two bars at a right angle."""
    half = rng.uniform(0.18, 0.3)
    end = float(np.sqrt(1 - half * half))
    arm = np.array([[end, -half], [end, half], [half, half]])
    return [np.concatenate([rotated(arm, quarter / 4) for quarter in range(4)])]


def blob(rng: np.random.Generator) -> Outlines:
    """A smooth, irregular outline without a name: the edge of a patch of texture."""
    points = on_circle(_ROUND)
    radius = np.ones(_ROUND)
    for waves in (2, 3, 5):
        depth, start = rng.uniform(0.03, 0.1), rng.random()
        radius += depth * np.array([direction(start + waves * k / _ROUND)[0] for k in range(_ROUND)])
    return [points * (radius / radius.max())[:, None]]


SHAPES: Mapping[str, Callable[[np.random.Generator], Outlines]] = {
    shape.__name__: shape for shape in (cross, disc, ring, square, star, triangle)
}
