"""Exact sums over all images of a store, a block at a time, on all cores."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.progress import progress
from alexnet_pipe.store.image_store import ImageStore

BLOCK = 64
"""Images a block: 12 MB."""

Result = TypeVar("Result")


def map_blocks(task: str, function: Callable[[NDArray[np.uint8]], Result], store: ImageStore) -> Iterator[Result]:
    """`function` of each block of images, uint8 `(n, 256, 256, 3)`, in no order that matters."""
    blocks = [shard[start : start + BLOCK] for shard in store.shards for start in range(0, len(shard), BLOCK)]
    # Threads suffice: NumPy lets go of Python's lock in sums and products.
    with ThreadPoolExecutor() as pool, progress(task, len(store), "images") as advance:
        for block, result in zip(blocks, pool.map(function, blocks), strict=True):
            yield result
            advance(len(block))
