"""The shards of the training split as work for a cluster."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cluster.mapping import Result, kept_results, map_shards
from alexnet_pipe.store.image_store import ImageStore

PACE = 5000.0
"""Images that a process adds up in a second, roughly: a gigabyte."""


@dataclass(frozen=True)
class StoredShard:
    """
    Attributes:
        path: The absolute path of the shard.
        images: How many images it has.
    """

    path: Path
    images: int

    @property
    def name(self) -> str:
        return self.path.name

    def holds(self, _: Result) -> bool:
        return True  # Nothing is written beside the result.


def blocks(shard: StoredShard, size: int) -> Iterator[NDArray[np.uint8]]:
    """The shard's images, at most `size` at a time, uint8 `(n, 196608)`: rows, columns and RGB in one axis."""
    images = np.load(shard.path, mmap_mode="r").reshape(shard.images, -1)
    for start in range(0, shard.images, size):
        yield images[start : start + size]


def over_shards(
    stage: str, function: Callable[[StoredShard], Result], store: ImageStore, artifacts: Artifacts
) -> Iterator[Result]:
    """`function` of each shard of `store`, which lies in `artifacts.images`, in no order that matters.

    The results are kept until all are used, under the name of the `stage`.
    """
    works = [StoredShard(path.resolve(), count) for path, count in store.files(artifacts.images)]
    state = [[work.name, (status := work.path.stat()).st_size, status.st_mtime_ns] for work in works]
    with kept_results(artifacts, stage, {"shards": state}) as results:
        yield from (result for _, result in map_shards(stage, function, works, results, PACE))
