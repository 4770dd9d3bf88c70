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
    width, height = image.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    if short == SIDE:  # Half a pixel would blur what needs no scaling.
        left, top = left // 1, top // 1
    # The centre is cut out on the way: what would be scaled only to be cut away is never made.
    box = (left, top, left + short, top + short) if policy == "crop" else None
    return np.asarray(image.resize((SIDE, SIDE), FILTER, box))
