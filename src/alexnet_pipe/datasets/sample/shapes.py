"""The six shapes, as outlines inside the unit circle around the origin."""

from collections.abc import Callable, Mapping

import numpy as np

from alexnet_pipe.datasets.sample.geometry import Points, direction, on_circle, rotated

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
