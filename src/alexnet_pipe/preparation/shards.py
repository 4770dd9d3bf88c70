"""One shard of the store: decode, resize and write its photographs, in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_pipe.datasets.archive import open_archive
from alexnet_pipe.preparation.decode import RefusedError, decode
from alexnet_pipe.preparation.resize import resize
from alexnet_pipe.store.arrays import write_array
from alexnet_pipe.store.layout import SIDE


@dataclass(frozen=True)
class Work:
    """What makes one shard: where the photographs are, and where the shard goes."""

    archive: Path
    members: Sequence[str]
    shard: Path
    policy: str
    background: str
    min_side: int


@dataclass(frozen=True)
class Done:
    """
    Attributes:
        sizes: Original width and height of each member in pixels, upright; None where it was refused.
        refused: Reason and detail by position in the members.
    """

    sizes: list[tuple[int, int] | None]
    refused: dict[int, tuple[str, str]]


def write_shard(work: Work) -> Done:
    """Write the usable photographs as uint8 `(n, 256, 256, 3)` to `work.shard`, if there are any."""
    images = np.empty((len(work.members), SIDE, SIDE, 3), np.uint8)
    sizes: list[tuple[int, int] | None] = []
    refused: dict[int, tuple[str, str]] = {}
    kept = 0
    with open_archive(work.archive) as archive:
        for position, member in enumerate(work.members):
            try:
                image = decode(archive.read(member), work.background, work.min_side)
            except RefusedError as error:
                refused[position] = (error.reason, error.detail)
                sizes.append(None)
                continue
            images[kept] = resize(image, work.policy)
            sizes.append(image.size)
            kept += 1
    if kept:
        write_array(work.shard, images[:kept])
    return Done(sizes, refused)
