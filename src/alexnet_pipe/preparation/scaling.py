"""256×256: the short side scaled, the centre cut out (paper, section 2)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.paper import SIDE

# Pillow widens its filters when it shrinks, so both directions are antialiased; bicubic is what most published
# preprocessing uses.
FILTER = Image.Resampling.BICUBIC


def resize(image: Image.Image, policy: str) -> NDArray[np.uint8]:
    """uint8 `(256, 256, 3)`.

    Args:
        image: RGB, of any size.
        policy: `crop` scales the short side to 256 and cuts the centre out; `squash` ignores the aspect.
    """
    # The centre is cut out on the way: what would be scaled only to be cut away is never made.
    box = _centre(*image.size) if policy == "crop" else None
    return np.asarray(image.resize((SIDE, SIDE), FILTER, box))


def _centre(width: int, height: int) -> tuple[float, float, float, float]:
    """The part, in pixels of the photograph, that the middle of the scaled photograph is made of.

    The short side becomes 256, the long side is rounded to a pixel, and the middle begins at a whole one.
    """
    (left, right), (top, bottom) = (_middle(side, side * SIDE / min(width, height)) for side in (width, height))
    return left, top, right, bottom


def _middle(side: int, scaled: float) -> tuple[float, float]:
    pixels = round(scaled)
    start = (pixels - SIDE) // 2
    return start * side / pixels, (start + SIDE) * side / pixels
