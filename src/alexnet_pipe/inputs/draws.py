"""Random choices as pure functions of (seed, epoch) or (seed, step): no state to save, any step can be made again."""

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.inputs.views import POSITIONS

_ORDER, _CROP, _MIRROR, _COLOUR = range(4)


def image_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """A permutation of `range(images)` for one epoch."""
    return _generator(seed, _ORDER, epoch).permutation(images)


def crop_offsets(seed: int, step: int, images: int) -> NDArray[np.int32]:
    """Row and column of each image's crop, int32 `(images, 2)`, uniform over the 30×30 positions."""
    return _generator(seed, _CROP, step).integers(0, POSITIONS, (images, 2), dtype=np.int32)


def mirror_flags(seed: int, step: int, images: int) -> NDArray[np.bool_]:
    """Which images are mirrored, bool `(images,)`, half of them on average."""
    return _generator(seed, _MIRROR, step).integers(0, 2, images, dtype=np.int8).astype(bool)


def colour_factors(seed: int, step: int, images: int) -> NDArray[np.float32]:
    """Standard normal factors of the three principal colour directions, float32 `(images, 3)`."""
    return _generator(seed, _COLOUR, step).standard_normal((images, 3), dtype=np.float32)


def _generator(seed: int, purpose: int, position: int) -> np.random.Generator:
    # Philox is counter-based: the key and the highest counter word select one of many streams that never overlap.
    return np.random.Generator(np.random.Philox(key=[seed, purpose], counter=[0, 0, 0, position]))
