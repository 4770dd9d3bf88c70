"""256×256: the short side scaled, the centre cut out (paper, section 2)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.store.layout import SIDE

# Pillow widens its filters when it shrinks, so both directions are antialiased; bicubic is what most published
# preprocessing uses.
FILTER = Image.Resampling.BICUBIC


def resize(image: Image.Image, policy: str) -> NDArray[np.uint8]:
    """uint8 `(256, 256, 3)`.

    Args:
        image: RGB, of any size.
        policy: `crop` scales the short side to 256 and cuts the centre out; `squash` ignores the aspect.
    """
    if policy == "squash":
        return np.asarray(image.resize((SIDE, SIDE), FILTER))
    width, height = scaled_size(*image.size)
    scaled = image.resize((width, height), FILTER)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return np.asarray(scaled.crop((left, top, left + SIDE, top + SIDE)))


def scaled_size(width: int, height: int) -> tuple[int, int]:
    """Width and height after the short side has become 256; the long side is rounded to the nearest pixel."""
    short = min(width, height)
    return tuple(max(SIDE, round(side * SIDE / short)) for side in (width, height))  # type: ignore[return-value]
