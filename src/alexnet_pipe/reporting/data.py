"""The photographs: how many of what, a sample of each class, their sizes, and what was found out about them."""

from typing import Any

import numpy as np
import pandas as pd

from alexnet_pipe.reporting.findings import finding_rows
from alexnet_pipe.reporting.pictures import drawing, picture
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.sizes import aspects, describe_sizes, sides

SAMPLES = 24
CLASSES = 20
"""Classes of which the largest and the smallest are listed, that many of each."""

SPLITS = ("train", "validation", "test")


def data_section(results: Results, max_pixels: int) -> dict[str, Any]:
    """Counts by class and split, one training image a class, sizes, and findings about single files.

    Args:
        results: What the stages left.
        max_pixels: Of the largest photograph that may be decoded.
    """
    counts = class_counts(results)
    findings = finding_rows(results.rejected, results.source, max_pixels)
    return {
        "metrics": results.data_metrics,
        "counts": [(name, *map(int, row)) for name, row in zip(counts.index, counts.to_numpy(), strict=True)],
        "more_classes": len(results.train.classes) - len(counts),
        "samples": _samples(results),
        "sides": drawing(sides(results.index), "sides"),
        "aspects": drawing(aspects(results.index), "aspects"),
        "sizes": describe_sizes(results.index),
        "findings": findings,
        "more_findings": len(results.rejected) - len(findings),
    }


def class_counts(results: Results) -> pd.DataFrame:
    """Usable images by class (rows) and split (columns), in label order; of many classes the largest and smallest."""
    usable = _usable(results)
    counts = usable.groupby(["label", "split"]).size().unstack(fill_value=0).reindex(columns=SPLITS, fill_value=0)
    counts = counts.reindex(results.train.classes, fill_value=0)
    if len(counts) <= 2 * CLASSES:
        return counts
    by_size = counts.sort_values(["train"], ascending=False, kind="stable")
    return pd.concat([by_size.head(CLASSES), by_size.tail(CLASSES)])


def _usable(results: Results) -> pd.DataFrame:
    unused = results.rejected[results.rejected["outcome"] != "noted"].set_index(["container", "member"]).index
    return results.manifest[~results.manifest.set_index(["container", "member"]).index.isin(unused)]


def _samples(results: Results) -> list[tuple[str, str]]:
    store = results.train
    first = {int(label): index for index, label in reversed(list(enumerate(store.labels)))}
    chosen = np.linspace(0, len(store.classes) - 1, min(SAMPLES, len(store.classes))).astype(int)
    return [(store.classes[label], picture(store[first[label]], 128)) for label in map(int, chosen) if label in first]
