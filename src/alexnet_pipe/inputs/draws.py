"""Every random choice of a training step, drawn from (seed, step) alone: none of them needs another."""

from math import log

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.inputs.views import CENTRE, POSITIONS
from alexnet_pipe.paper import CROP, SIDE

# Another number for each purpose; one that has been used keeps its meaning, or runs would change.
_ORDER, _CROP, _MIRROR, _COLOUR, _BOX, _ERASING, _MIXING = range(7)

_ASPECT = (3 / 4, 4 / 3)
"""Width over height of a box before it is cut to what the image has."""

_ERASED_AREA = (0.02, 1 / 3)
_ERASED_ASPECT = (0.3, 10 / 3)
"""As Zhong et al. 2020 chose them, as shares of the crop."""


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
    sides = np.minimum(_sides(generator, images, (smallest, 1), _ASPECT, SIDE), SIDE)
    return np.hstack([generator.uniform(0, 1, (images, 2)) * (SIDE - sides), sides]).astype(np.float32)


def erased_boxes(seed: int, step: int, images: int, probability: float) -> NDArray[np.int32]:
    """Top, left, bottom and right, exclusive, of what is erased of each crop, int32 `(images, 4)`; zeros: nothing."""
    generator = _generator(seed, _ERASING, step)
    sides = np.clip(np.rint(_sides(generator, images, _ERASED_AREA, _ERASED_ASPECT, CROP)), 1, CROP)
    corners = np.floor(generator.uniform(0, 1, (images, 2)) * (CROP + 1 - sides))
    chosen = generator.uniform(0, 1, (images, 1)) < probability
    return np.where(chosen, np.hstack([corners, corners + sides]), 0).astype(np.int32)


def mixtures(
    seed: int, step: int, images: int, mixup: float, cutmix: float
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Where each crop is mixed with another, and how much of the other it gets there.

    Mixup (Zhang et al. 2018) gives it the share 1 - λ of the other everywhere, CutMix (Yun et al. 2019) all of the
    other in a box of that share of the area, whose part outside the crop is lost; λ is of Beta(α, α), for each image
    by itself. If both are on, every step is one of them, equally often.

    Args:
        mixup: α of mixup; 0 is off.
        cutmix: α of CutMix; 0 is off. One of the two is on.

    Returns:
        Top, left, bottom and right of the box, exclusive, int32 `(images, 4)`; the share, float32 `(images,)`.
    """
    generator = _generator(seed, _MIXING, step)
    cut = cutmix > 0 and not (mixup > 0 and generator.random() < 0.5)
    alpha = cutmix if cut else mixup
    others = generator.beta(alpha, alpha, images)
    if not cut:
        return np.tile(np.array([0, 0, CROP, CROP], np.int32), (images, 1)), others.astype(np.float32)
    half = CROP / 2 * np.sqrt(others)[:, None]
    centre = generator.uniform(0, CROP, (images, 2))
    box = np.clip(np.rint(np.hstack([centre - half, centre + half])), 0, CROP)
    return box.astype(np.int32), np.ones(images, np.float32)


def _sides(
    generator: np.random.Generator,
    images: int,
    areas: tuple[float, float],
    aspects: tuple[float, float],
    side: int,
) -> NDArray[np.float64]:
    """Height and width in pixels, `(images, 2)`, of boxes whose area is a share of a square of `side`."""
    area = generator.uniform(*areas, images)
    aspect = np.exp(generator.uniform(log(aspects[0]), log(aspects[1]), images))
    return side * np.sqrt(np.stack([area / aspect, area * aspect], axis=1))


def _generator(seed: int, purpose: int, position: int) -> np.random.Generator:
    # Philox is counter-based: the key and the highest counter word select one of many streams that never overlap.
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, 0, position]))
