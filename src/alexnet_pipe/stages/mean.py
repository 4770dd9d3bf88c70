"""Stage `mean`: the average of the 256×256 training images, exact (paper, section 2)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cluster.mapping import Result
from alexnet_pipe.paper import SIDE
from alexnet_pipe.statistics.over_shards import StoredShard, blocks, over_shards
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore

_BLOCK = 256
"""Images whose sums of bytes fit into 16 bits."""


def run(artifacts: Artifacts) -> None:
    store = ImageStore.open(artifacts.images, "train")
    sums = over_shards("mean", image_sum, store, artifacts)
    save_array(artifacts.mean, mean_image(sums))


def image_sum(shard: StoredShard) -> Result:
    """sum: uint64 `(196608,)`, of all images; images: how many."""
    total = np.zeros(SIDE * SIDE * 3, np.uint64)
    for block in blocks(shard, _BLOCK):
        part = np.zeros(total.shape, np.uint16)
        for image in block:
            np.add(part, image, out=part)
        total += part
    return {"sum": total, "images": np.array(shard.images)}


def mean_image(sums: Iterable[Result]) -> NDArray[np.float32]:
    """float32 `(256, 256, 3)`, RGB in 0–255: integer sums and one division, so that order and shards do not matter."""
    total, images = np.zeros(SIDE * SIDE * 3, np.uint64), 0
    for result in sums:
        total += result["sum"]
        images += int(result["images"])
    return (total / images).astype(np.float32).reshape(SIDE, SIDE, 3)
