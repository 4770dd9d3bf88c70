"""The mean image of the training set, exact (paper, section 2)."""

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.statistics.blocks import map_blocks
from alexnet_pipe.store.image_store import ImageStore


def mean_image(store: ImageStore) -> NDArray[np.float32]:
    """float32 `(256, 256, 3)`, RGB in 0–255: integer sums and one division, so that order and shards do not matter."""
    total = np.zeros(store.shards[0].shape[1:], np.uint64)
    for block in map_blocks("mean", _sum, store):
        total += block
    return (total / len(store)).astype(np.float32)


def _sum(block: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return block.sum(axis=0, dtype=np.uint32)
