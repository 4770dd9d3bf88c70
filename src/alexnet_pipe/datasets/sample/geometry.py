"""Outlines in the plane: points on circles, turned, squeezed, and filled into masks."""

import math
from collections.abc import Sequence

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
