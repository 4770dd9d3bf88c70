"""Which photographs make up which shard."""

from collections.abc import Iterator
from math import ceil

import pandas as pd

from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.store.layout import SHARD_IMAGES, shard_name


def plan_shards(manifest: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The name and the manifest rows of each shard: every split cut into equal parts of at most `SHARD_IMAGES` rows."""
    for split in SPLITS:
        rows = manifest[manifest["split"] == split]
        parts = ceil(len(rows) / SHARD_IMAGES)
        for number in range(parts):
            first, end = (len(rows) * edge // parts for edge in (number, number + 1))
            yield shard_name(split, number), rows.iloc[first:end]
