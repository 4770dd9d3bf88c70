"""Which values of an array, and which images of a store, differ."""

from pathlib import Path

import numpy as np
import pandas as pd

from alexnet_pipe.store.layout import INDEX_FILE

_PART = 1 << 24
"""Values that are compared at once."""

_ORIGIN = ["container", "member"]


def array_difference(before: Path, now: Path) -> tuple[bool, str]:
    """As `difference.difference`: the share of values that differ, and the largest difference."""
    old, new = (np.load(path, mmap_mode="r") for path in (before, now))
    if (old.shape, old.dtype) != (new.shape, new.dtype):
        return False, f"{old.dtype} {old.shape}, now {new.dtype} {new.shape}"
    different, largest = 0, 0.0
    flat, flat_now = old.reshape(-1), new.reshape(-1)
    for start in range(0, old.size, _PART):
        gap = np.abs(np.subtract(flat_now[start : start + _PART], flat[start : start + _PART], dtype=np.float64))
        different += int(np.count_nonzero(gap))
        largest = max(largest, float(gap.max()))
    return False, f"{different / max(1, old.size):.2%} of {old.size:,} values differ, by {largest:.2g} at most"


def image_difference(before: Path, now: Path) -> tuple[bool, str]:
    """As `difference.difference`, for two stores: the images whose pixels differ, and those that one store lacks."""
    old, new = (pd.read_parquet(folder / INDEX_FILE) for folder in (before, now))
    both = old.merge(new, on=_ORIGIN, suffixes=("", "_now"))
    differ = sum(
        _different_images(before / rows["shard"].iloc[0], now / rows["shard_now"].iloc[0], rows)
        for _, rows in both.groupby(["shard", "shard_now"])
    )
    counts = {"differ": differ, "are missing": len(old) - len(both), "are new": len(new) - len(both)}
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return False, f"of {len(new):,} images {said}" if said else "the same images, listed or described differently"


def _different_images(shard: Path, shard_now: Path, rows: pd.DataFrame) -> int:
    old, new = (np.load(path, mmap_mode="r") for path in (shard, shard_now))
    places = zip(rows["row"], rows["row_now"], strict=True)
    return [np.array_equal(old[place], new[place_now]) for place, place_now in places].count(False)
