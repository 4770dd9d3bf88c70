"""The photographs: how many of what, a sample of each class, and what was refused."""

from typing import Any

import numpy as np
import pandas as pd

from alexnet_pipe.reporting.pictures import picture
from alexnet_pipe.reporting.results import Results

SAMPLES = 25
ROWS = 50
SPLITS = ("train", "validation", "test")


def data_section(results: Results) -> dict[str, Any]:
    """Counts by class and split, one training image a class, and what was found out about single files."""
    usable = _usable(results)
    counts = usable.groupby(["label", "split"]).size().unstack(fill_value=0).reindex(columns=SPLITS, fill_value=0)
    counts = counts.reindex(results.train.classes, fill_value=0)
    return {
        "metrics": results.data_metrics,
        "counts": [(name, *map(int, row)) for name, row in zip(counts.index, counts.to_numpy(), strict=True)][:ROWS],
        "more_classes": max(0, len(counts) - ROWS),
        "samples": _samples(results),
        "findings": results.rejected.head(ROWS).to_dict("records"),
        "more_findings": max(0, len(results.rejected) - ROWS),
    }


def _usable(results: Results) -> pd.DataFrame:
    unused = results.rejected[results.rejected["outcome"] != "noted"].set_index(["container", "member"]).index
    return results.manifest[~results.manifest.set_index(["container", "member"]).index.isin(unused)]


def _samples(results: Results) -> list[tuple[str, str]]:
    store = results.train
    first = {int(label): index for index, label in reversed(list(enumerate(store.labels)))}
    chosen = np.linspace(0, len(store.classes) - 1, min(SAMPLES, len(store.classes))).astype(int)
    return [(store.classes[label], picture(store[first[label]], 96)) for label in map(int, chosen) if label in first]
