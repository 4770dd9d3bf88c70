"""The photographs: how many of what, a sample of each class, how large they were, and findings about single ones."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import MOST_BYTES, glimpse
from alexnet_pipe.preparation.formats import RefusedError
from alexnet_pipe.reporting.figures import BLUE, INK, ORANGE, drawing, image_address, new_figure
from alexnet_pipe.reporting.results import Results

SAMPLES = 24
LISTED = 20
"""Classes of which the largest and the smallest are listed, that many of each."""

OF_A_KIND = 8
"""Files shown of each outcome and reason."""

_BINS = 30
_SHAPES = {1 / 3: "1:3", 1 / 2: "1:2", 1.0: "1:1", 2.0: "2:1", 3.0: "3:1"}


def data_section(results: Results, resize: ResizeParams) -> dict[str, Any]:
    """Counts by class and split, one training image a class, sizes, and findings about single files.

    The section `resize` bounds what may be decoded.
    """
    findings = finding_rows(results.rejected, results.source, resize)
    return {
        "counts": class_counts(results),
        "samples": _samples(results),
        "sides": drawing(sides(results.index), "sides"),
        "aspects": drawing(aspects(results.index), "aspects"),
        "sizes": describe_sizes(results.index),
        "findings": findings,
    }


def class_counts(results: Results) -> pd.DataFrame:
    """Usable images by class (rows) and split (columns), in label order; of many classes the largest and smallest."""
    files = ["container", "member"]
    unused = results.rejected.loc[results.rejected["outcome"] != "noted", files].drop_duplicates()
    found = results.manifest.merge(unused, on=files, how="left", indicator=True)
    usable = found[found["_merge"] == "left_only"]
    counts = pd.crosstab(usable["label"], usable["split"]).reindex(
        index=results.train.classes, columns=list(SPLITS), fill_value=0
    )
    if len(counts) <= 2 * LISTED:
        return counts
    by_size = counts.sort_values("train", ascending=False, kind="stable")
    return pd.concat([by_size.head(LISTED), by_size.tail(LISTED)])


def sides(index: pd.DataFrame) -> Figure:
    """Histograms of widths and heights in pixels, on a logarithmic axis; a dashed line at 256."""
    figure, axes = new_figure("pixels", "photographs")
    both = index[["width", "height"]].to_numpy()
    bins = np.geomspace(0.99 * min(SIDE, both.min()), 1.01 * max(SIDE, both.max()), _BINS).tolist()
    axes.hist(index["width"], bins, color=BLUE, alpha=0.55, label="width")
    axes.hist(index["height"], bins, histtype="step", color=ORANGE, linewidth=1.6, label="height")
    axes.axvline(SIDE, color=INK, linestyle="--", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda side, _: f"{side:.0f}"))
    axes.legend(frameon=False, labelcolor=INK)
    return figure


def aspects(index: pd.DataFrame) -> Figure:
    """A histogram of width by height on a logarithmic axis; what lies outside 1:4 to 4:1 is counted at its ends."""
    figure, axes = new_figure("width : height", "photographs")
    aspect = (index["width"] / index["height"]).clip(0.251, 3.99)
    # An odd number of bins: squares lie in the middle of one.
    axes.hist(aspect, np.geomspace(1 / 4, 4, _BINS // 2 * 2).tolist(), color=BLUE, alpha=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(_SHAPES)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(list(_SHAPES.values()))
    return figure


def describe_sizes(index: pd.DataFrame) -> dict[str, float]:
    """Median and extreme sides in pixels, and shares of photographs that are enlarged, lie, stand, or are square."""
    width, height, both = index["width"], index["height"], index[["width", "height"]]
    return {
        "median_width": int(width.median()),
        "median_height": int(height.median()),
        "smallest": int(both.to_numpy().min()),
        "largest": int(both.to_numpy().max()),
        "enlarged": float((both.min(axis=1) < SIDE).mean()),
        "wide": float((width > height).mean()),
        "tall": float((width < height).mean()),
        "square": float((width == height).mean()),
    }


def finding_rows(rejected: pd.DataFrame, source: Path, resize: ResizeParams) -> list[dict[str, Any]]:
    """The first files of each outcome and reason, `refused` first, each with `picture`, an address or None.

    Args:
        rejected: One row a finding, with the manifest's columns.
        source: The folder with the containers.
        resize: The section `resize`; larger photographs get no picture.
    """
    order = rejected["outcome"].map({"refused": 0, "removed": 1, "noted": 2})
    kinds = rejected.assign(order=order).groupby(["order", "reason"]).head(OF_A_KIND)
    found = kinds.sort_values(["order", "reason"], kind="stable").to_dict("records")
    rows: list[dict[str, Any]] = [{str(name): value for name, value in row.items()} for row in found]
    return [{**row, "picture": small_picture(row, source, resize)} for row in rows]


def small_picture(row: dict[str, Any], source: Path, params: ResizeParams) -> str | None:
    """What can be seen of the file of a manifest's row, as an address; None if nothing can."""
    try:
        return image_address(glimpse(_content(row, source), params))
    except (RefusedError, UserError, OSError, EOFError, zlib.error):
        return None


def _content(row: dict[str, Any], source: Path) -> bytes:
    if row["bytes"] > MOST_BYTES:
        return b""
    place = Place(*(row[name] for name in Place._fields))
    with Container(container_path(source, row["container"])) as container:
        return container.read(row["member"], place)


def _samples(results: Results) -> list[tuple[str, NDArray[np.uint8]]]:
    """The first training image of so many classes, evenly spread over all of them: class name and pixels."""
    store = results.train
    labels, first = np.unique(store.labels, return_index=True)
    place = dict(zip(labels.tolist(), first.tolist(), strict=True))
    chosen = np.linspace(0, len(store.classes) - 1, min(SAMPLES, len(store.classes))).astype(int).tolist()
    return [(store.classes[label], store[place[label]]) for label in chosen if label in place]
