"""Every random choice of a training step, drawn from (seed, step) alone: none of them needs another."""

from math import log

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.inputs.views import CENTRE, POSITIONS
from alexnet_pipe.paper import SIDE

# Another number for each purpose; one that has been used keeps its meaning, or runs would change.
_ORDER, _CROP, _MIRROR, _COLOUR, _BOX, _MIXUP = range(6)

_ASPECT = (3 / 4, 4 / 3)
"""Width over height of a box before it is cut to what the image has."""


def image_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """A permutation of `range(images)` for one epoch."""
    return _generator(seed, _ORDER, epoch).permutation(images)


def crop_offsets(seed: int, step: int, images: int, random: bool = True) -> NDArray[np.int32]:
    """Row and column of each image's crop, int32 `(images, 2)`: the centre, or uniform over the 30×30 positions."""
    if not random:
        return np.full((images, 2), CENTRE, np.int32)
    return _generator(seed, _CROP, step).integers(0, POSITIONS, (images, 2), dtype=np.int32)


def mirror_flags(seed: int, step: int, images: int, random: bool = True) -> NDArray[np.bool_]:
    """Which images are mirrored, bool `(images,)`: none, or half of them on average."""
    if not random:
        return np.zeros(images, bool)
    return _generator(seed, _MIRROR, step).integers(0, 2, images, dtype=np.int8).astype(bool)


def colour_factors(seed: int, step: int, images: int) -> NDArray[np.float32]:
    """Standard normal factors of the three principal colour directions, float32 `(images, 3)`."""
    return _generator(seed, _COLOUR, step).standard_normal((images, 3), dtype=np.float32)


def crop_boxes(seed: int, step: int, images: int, smallest: float) -> NDArray[np.float32]:
    """Top, left, height and width of a box in each 256×256 image, in pixels, float32 `(images, 4)`.

    Its area is uniform from the share `smallest` of the image to all of it, its aspect log-uniform (Szegedy et al.
    2015); a side that would be longer than the image's is cut to it.
    """
    generator = _generator(seed, _BOX, step)
    area = generator.uniform(smallest, 1, images)
    aspect = np.exp(generator.uniform(log(_ASPECT[0]), log(_ASPECT[1]), images))
    sides = np.minimum(SIDE * np.sqrt(np.stack([area / aspect, area * aspect], axis=1)), SIDE)
    return np.hstack([generator.uniform(0, 1, (images, 2)) * (SIDE - sides), sides]).astype(np.float32)


def mixup_shares(seed: int, step: int, images: int, alpha: float) -> NDArray[np.float32]:
    """How much of another image each one gets by mixup, float32 `(images,)`: 1 - λ, λ of Beta(`alpha`, `alpha`).

    λ is drawn for each image by itself (Zhang et al. 2018 draw it for a batch).
    """
    return _generator(seed, _MIXUP, step).beta(alpha, alpha, images).astype(np.float32)


def _generator(seed: int, purpose: int, position: int) -> np.random.Generator:
    # Philox is counter-based: the key and the highest counter word select one of many streams that never overlap.
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, 0, position]))
