"""What goes in: the photographs, findings about single ones, and what is done to them before the network sees them."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.inputs.draws import colour_factors, crop_boxes, crop_offsets, mirror_flags
from alexnet_pipe.inputs.stream import colour_directions
from alexnet_pipe.inputs.views import POSITIONS, VIEWS
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import glimpse
from alexnet_pipe.preparation.formats import MOST_BYTES, RefusedError
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import BLUE, INK, ORANGE, drawing, image_address, new_figure

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
    counts = pd.crosstab(results.index["label"], results.index["split"]).reindex(
        index=range(len(results.train.classes)), columns=list(SPLITS), fill_value=0
    )
    counts.index = pd.Index(results.train.classes)
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


SHIFTS, RANDOM = 8, 10
_SWATCH_STEPS = 64
_CENTRE = slice(64, 192)
_PLACES = ("top left", "top right", "bottom left", "bottom right", "centre")


def input_section(results: Results, train: Mapping[str, Any]) -> dict[str, Any]:
    """The mean, the directions of colour, and one photograph as the test and the first step of training show it.

    The section `train` decides the draws.
    """
    photograph, total = results.train[0], results.eigenvalues.sum()
    shifted = shifts(results, train)
    return {
        "centre": results.mean[_CENTRE, _CENTRE].mean(),
        "directions": [
            {
                "vector": vector,
                "swatch": swatch(vector),
                "eigenvalue": value,
                "share": value / total,
            }
            for vector, value in zip(results.eigenvectors.T, results.eigenvalues, strict=True)
        ],
        "photograph": photograph,
        "actual": results.train.classes[results.train.labels[0]],
        "shifted": [(photograph + shift, shift.round().astype(int)) for shift in shifted],
        "frames": [offset for offset, _ in VIEWS[: len(_PLACES)]],
        "test": [
            (f"{place}{', mirrored' if mirror else ''}", one_view(photograph, offset, mirror))
            for place, (offset, mirror) in zip(_PLACES * 2, VIEWS, strict=True)
        ],
        "random": training_views(photograph, train),
        "side": SIDE,
        "crop": CROP,
        "positions": POSITIONS,
    }


def shifts(results: Results, train: Mapping[str, Any]) -> NDArray[np.floating]:
    """What the first step adds to R, G and B of its first images, in grey levels, `(SHIFTS, 3)`."""
    directions = colour_directions(results.eigenvalues, results.eigenvectors, train["colour_shift"])
    return colour_factors(train["seed"], 0, SHIFTS) @ directions.T


def training_views(photograph: NDArray[np.uint8], train: Mapping[str, Any]) -> list[tuple[str, NDArray[np.uint8]]]:
    """What is said of each of some views, and its pixels, uint8 `(CROP, CROP, 3)`."""
    smallest = train["crop_area"]
    if smallest is None:
        views = [((row, column), (CROP, CROP), mirror) for (row, column), mirror in random_views(train)]
        return [(_said(*view), one_view(photograph, view[0], view[2])) for view in views]
    boxes = crop_boxes(train["seed"], 0, RANDOM, smallest)
    mirrors = mirror_flags(train["seed"], 0, RANDOM, train["mirror"])
    shown = []
    for (top, left, height, width), mirror in zip(boxes.tolist(), mirrors.tolist(), strict=True):
        box = (left, top, min(SIDE, left + width), min(SIDE, top + height))
        pixels = np.asarray(Image.fromarray(photograph).resize((CROP, CROP), Image.Resampling.BILINEAR, box))
        said = _said((round(top), round(left)), (round(height), round(width)), mirror)
        shown.append((said, pixels[:, ::-1] if mirror else pixels))
    return shown


def _said(corner: tuple[int, int], sides: tuple[int, int], mirror: bool) -> str:
    size = "" if sides == (CROP, CROP) else f": {sides[0]} by {sides[1]}"
    return f"{corner[0]}, {corner[1]}{size}{', mirrored' if mirror else ''}"


def random_views(train: Mapping[str, Any]) -> list[tuple[tuple[int, int], bool]]:
    """Row and column of the crop, and mirroring, of the first images of the first step."""
    offsets = crop_offsets(train["seed"], 0, RANDOM, train["random_crops"])
    mirrors = mirror_flags(train["seed"], 0, RANDOM, train["mirror"])
    return [((row, column), mirror) for (row, column), mirror in zip(offsets.tolist(), mirrors.tolist(), strict=True)]


def swatch(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey plus and minus a direction of RGB, from left to right, `(32, 256, 3)` in 0–255."""
    amount = np.repeat(np.linspace(-110, 110, _SWATCH_STEPS), 256 // _SWATCH_STEPS)
    return np.broadcast_to(127.5 + amount[None, :, None] * direction, (32, 256, 3))


def one_view(photograph: NDArray[np.uint8], offset: tuple[int, int], mirror: bool) -> NDArray[np.uint8]:
    """As the network sees it, but in its own colours, uint8 `(CROP, CROP, 3)`."""
    row, column = offset
    pixels = photograph[row : row + CROP, column : column + CROP]
    return pixels[:, ::-1] if mirror else pixels
