"""Slices of the test images: by class, and by what a photograph is like."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.terminal import shortened
from alexnet_pipe.store.image_store import ImageStore

FEWEST = 20
"""Images of a slice that is looked at; of fewer nothing could be told."""

BINS = 4
"""Slices by one measure, of about as many images each."""

LEVEL = 0.05
"""The chance that any slice is called worse than the rest, or another, if none is."""

MOST_FILES = 20
"""Files of a source that are looked at one by one; more are parts of one collection."""

COLUMNS = ("container", "width", "height", "brightness", "sharpness")
"""What `evaluate` writes of each test image for its slices, besides its class."""

SPLIT_ORIGIN = (
    "not kept by the manifest, and the same for all: a source has its own test split, or all is held out of it"
)

_TOGETHER = 64


class _Measure(NamedTuple):
    title: str
    least: str
    most: str
    unit: str
    decimals: int


_MEASURES = {
    "short side": _Measure("short side", "smallest", "largest", " px", 0),
    "aspect": _Measure("width / height", "tallest", "widest", "", 2),
    "brightness": _Measure("mean grey", "darkest", "brightest", "", 0),
    "sharpness": _Measure("sharpness", "most blurred", "sharpest", "", 1),
}


@dataclass(frozen=True)
class Slices:
    """
    Attributes:
        names: The property and the name of each, as ("brightness", "mean grey up to 92 (darkest)").
        members: Its images, places in the table that they were made of.
        left_out: By property what was not looked at, and why.
    """

    names: list[tuple[str, str]]
    members: list[NDArray[np.intp]]
    left_out: dict[str, str]

    @property
    def z(self) -> float:
        """The normal distribution's point for intervals that hold all together in 95 of 100 cases (Bonferroni)."""
        return NormalDist().inv_cdf(1 - LEVEL / 2 / max(1, len(self.names)))


def image_properties(store: ImageStore) -> pd.DataFrame:
    """One row an image: of the original `width` and `height`, where the store has them; `brightness` and `sharpness`.

    Brightness is the mean grey level, 0 to 255, and sharpness the standard deviation of the Laplacian, in grey levels,
    both of the 256×256 image, float32.
    """
    found = store.rows[[name for name in COLUMNS if name in ("width", "height") and name in store.rows]].copy()
    starts = range(0, len(store), _TOGETHER)
    parts = [appearance(store.gather(range(start, min(start + _TOGETHER, len(store))))) for start in starts]
    found["brightness"], found["sharpness"] = np.concatenate(parts, axis=1)
    return found


def appearance(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness and sharpness of images, uint8 `(n, height, width, 3)`: float32 `(2, n)`."""
    found = np.empty((2, len(images)), np.float32)
    for place, image in enumerate(images):
        grey = np.asarray(Image.fromarray(image).convert("L"), np.int16)
        inner = grey[1:-1, 1:-1]
        laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
        found[:, place] = grey.mean(), laplacian.std()
    return found


def slices_of(images: pd.DataFrame) -> Slices:
    """All slices of a table of images by its column `actual`, names of classes, and those of `COLUMNS` that it has.

    Bins are quantiles of these images, and know nothing of what is predicted.
    """
    found = Slices([], [], {})
    _add_groups(found, "class", "class", images["actual"])
    if "container" in images and 1 < images["container"].nunique() <= MOST_FILES:
        _add_groups(found, "file", "file", images["container"])
    sides = images[["width", "height"]] if {"width", "height"} <= {*images} else None
    _add_bins(found, "short side", None if sides is None else sides.min(axis=1))
    _add_bins(found, "aspect", None if sides is None else sides["width"] / sides["height"])
    for name in ("brightness", "sharpness"):
        _add_bins(found, name, images.get(name))
    return found


def _add_groups(slices: Slices, kind: str, title: str, values: "pd.Series[Any]") -> None:
    groups = {
        f"{title} {value}": np.asarray(places) for value, places in values.groupby(values.to_numpy()).indices.items()
    }
    _add(slices, kind, groups)


def _add_bins(slices: Slices, kind: str, values: "pd.Series[Any] | None") -> None:
    measure = _MEASURES[kind]
    if values is None or values.isna().any():
        slices.left_out[kind] = "not known of these images"
        return
    bins = min(BINS, len(values) // (2 * FEWEST))
    if bins < 2:
        slices.left_out[kind] = f"{len(values):,} images are too few to divide"
        return
    # As they are shown, so that a name says exactly which images are meant.
    numbers = values.to_numpy(np.float64)
    edges = np.unique(np.round(np.quantile(numbers, np.arange(1, bins) / bins), measure.decimals))
    places = np.searchsorted(edges, numbers)
    groups = {_bin_name(measure, edges, place): np.flatnonzero(places == place) for place in range(len(edges) + 1)}
    _add(slices, kind, {name: members for name, members in groups.items() if len(members)})


def _bin_name(measure: _Measure, edges: NDArray[np.float64], place: int) -> str:
    shown = [f"{edge:,.{measure.decimals}f}" for edge in edges]
    if place == 0:
        return f"{measure.title} up to {shown[0]}{measure.unit} ({measure.least})"
    if place == len(edges):
        return f"{measure.title} over {shown[-1]}{measure.unit} ({measure.most})"
    return f"{measure.title} over {shown[place - 1]} up to {shown[place]}{measure.unit}"


def _add(slices: Slices, kind: str, groups: dict[str, NDArray[np.intp]]) -> None:
    if len(groups) < 2:
        slices.left_out[kind] = "all images are alike"
        return
    small = [name for name, members in groups.items() if len(members) < FEWEST]
    if small:
        slices.left_out[kind] = f"fewer than {FEWEST} images: {shortened(small)}"
    for name, members in groups.items():
        if len(members) >= FEWEST:
            slices.names.append((kind, name))
            slices.members.append(members)
