"""Test images that are nearly a training image: a crop of one, or one in another size; and what they do to the error.

fc7 proposes training images, and pixels decide: one picture must fit into a part of the other. What the network finds
alike says nothing by itself, for it is trained to find the members of a class alike.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from alexnet_pipe.evaluation.error_rates import error_with_interval
from alexnet_pipe.paper import SIDE
from alexnet_pipe.store.image_store import ImageStore

PROPOSED = 5
"""Training images that are compared with each test image."""

SMALLEST = 5 / 8
"""Side of the smallest part of a picture that another may show: 39 % of its area."""

COARSE, MEDIUM, FINE = 16, 32, 64
"""Sides that pictures are shrunk to, in pixels, to find where one lies in the other, and whether it does."""

WORTH = 0.75
"""Correlation at `COARSE` from which on a pair is looked at more closely."""

ALIKE, DETAILS = 0.9, 0.8
"""Correlations of the pictures, and of their details, from which on one is called a copy of the other."""

APART = 24
"""Levels of R, G and B by which a copy may differ in the mean, shrunk to `COARSE`."""

_CLOSER = 2
"""Of the training images that are compared with a test image, so many are looked at closely."""

_KEPT = 256
_SCALED = (-0.5, 0.0, 0.5)
"""Pixels at `MEDIUM` by which a square is made larger or smaller, to meet details."""

_MARGIN = 3
_DETAIL = 5


class Candidates:
    """The training images whose fc7 points in the direction most like that of each test image."""

    def __init__(self, features: NDArray[np.float32]) -> None:
        """`features` are fc7 of the test images, float32 `(images, units)`."""
        self._features = _unit(features)
        self.places = np.zeros((len(features), 0), np.int64)
        self._cosines = np.zeros((len(features), 0), np.float32)

    def add(self, places: NDArray[np.integer], fc7: NDArray[np.float32]) -> None:
        """Consider the training images at `places`, with `fc7`, float32 `(n, units)`."""
        cosines = np.concatenate([self._cosines, self._features @ _unit(fc7).T], axis=1)
        known = np.concatenate([self.places, np.broadcast_to(places, (len(cosines), len(places)))], axis=1)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :PROPOSED]
        self._cosines, self.places = (np.take_along_axis(each, best, axis=1) for each in (cosines, known))


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))


class _Fit(NamedTuple):
    """How well a picture fits into another, and the square where it does: corner and side in pixels."""

    likeness: float
    top: int
    left: int
    side: int


class _Picture:
    """One picture, in grey too, and what is needed to lay it into others, or others into it, at `COARSE`."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.colours = Image.fromarray(pixels)
        self.grey = self.colours.convert("L")
        sides = range(round(SMALLEST * COARSE), COARSE + 1)
        seen = _shrunk(self.grey, COARSE)
        self.parts = {side: _part(self.grey, side) for side in sides}
        self.squares = {side: _squares(seen, side) for side in sides}


def near_copies(test: ImageStore, train: ImageStore, candidates: NDArray[np.integer]) -> pd.DataFrame:
    """Test images that are a crop of a training image or have one, the surest first.

    Args:
        test: The test images.
        train: The training images.
        candidates: Places in `train`, `(test images, proposed)`.

    Returns:
        test and train (places in the stores; of each test image the training image that fits best), likeness and
        details: the correlations of the pictures, and of what is fine in them.
    """
    kept = lru_cache(_KEPT)(lambda place: _Picture(train[place]))
    found = []
    for place, proposed in enumerate(candidates.tolist()):
        picture = _Picture(test[place])
        fits = sorted(((_coarse(picture, kept(other)), other) for other in proposed), reverse=True)
        closer = [(*_looked_at(picture, kept(other)), other) for fit, other in fits[:_CLOSER] if fit >= WORTH]
        likeness, details, other = max(closer, key=lambda fit: fit[1], default=(0.0, 0.0, -1))
        if likeness >= ALIKE and details >= DETAILS:
            found.append((place, other, likeness, details))
    table = pd.DataFrame(found, columns=["test", "train", "likeness", "details"])
    return table.sort_values("details", ascending=False, kind="stable", ignore_index=True)


def correlations(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[float, float]:
    """Of two pictures, uint8 `(256, 256, 3)`, one laid where it fits into the other best; and of their details.

    The latter is 0 where the pictures do not correlate by `ALIKE`, or have other colours.
    """
    return _looked_at(_Picture(one), _Picture(other))


def _coarse(one: _Picture, other: _Picture) -> float:
    return max(_placed(one, other).likeness, _placed(other, one).likeness)


def _looked_at(one: _Picture, other: _Picture) -> tuple[float, float]:
    fits = [(_refined(part, whole, _placed(part, whole)), part, whole) for part, whole in ((one, other), (other, one))]
    fit, part, whole = max(fits, key=lambda found: found[0].likeness)
    if fit.likeness < ALIKE or _colours_apart(part.colours, whole.colours, fit) > APART:
        return fit.likeness, 0.0
    return fit.likeness, _details_alike(part.grey, whole.grey, fit)


def _colours_apart(part: Image.Image, whole: Image.Image, fit: _Fit) -> float:
    """How far `part` is from the square `fit` of `whole` in the mean, in levels of R, G and B."""
    sides = (COARSE, COARSE)
    seen = part.resize(sides, Image.Resampling.BOX), whole.resize(sides, Image.Resampling.BOX, _edges(fit))
    one, other = (np.asarray(picture, np.float32) for picture in seen)
    return float(np.abs(one - other).mean())


def _edges(fit: _Fit, more: float = 0.0) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a square that is `more` pixels larger, in pixels of the whole picture."""
    left, top = fit.left - more / 2, fit.top - more / 2
    edges = np.clip([left, top, left + fit.side + more, top + fit.side + more], 0, MEDIUM) * SIDE / MEDIUM
    first, second, third, fourth = edges.tolist()
    return first, second, third, fourth


def _placed(part: _Picture, whole: _Picture) -> _Fit:
    """Where `part` correlates with `whole` most at `COARSE`: at all places, in all sizes from `SMALLEST` on."""
    return max(_fit(squares @ part.parts[side], side, COARSE - side + 1) for side, squares in whole.squares.items())


def _fit(alike: NDArray[np.float32], side: int, columns: int) -> _Fit:
    best = int(alike.argmax())
    return _Fit(float(alike[best]), *divmod(best, columns), side)


def _details_alike(part: Image.Image, whole: Image.Image, fit: _Fit) -> float:
    """How well the details of `part` correlate with those of the square `fit` of `whole`, moved and scaled a little."""
    inner = _details(part.resize((FINE, FINE), Image.Resampling.BOX))[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    core, found = _normalized(inner.reshape(1, -1))[0], []
    for more in _SCALED:
        outer = _details(whole.resize((FINE, FINE), Image.Resampling.BILINEAR, _edges(fit, more)))
        found.append(float((_squares(outer, len(inner)) @ core).max()))
    return max(found)


def _refined(part: _Picture, whole: _Picture, coarse: _Fit) -> _Fit:
    """The best fit at `MEDIUM` near one at `COARSE`."""
    seen, times = _shrunk(whole.grey, MEDIUM), MEDIUM // COARSE
    top, left = (max(0, times * edge - times) for edge in (coarse.top, coarse.left))
    near = seen[top : top + times * coarse.side + 2 * times, left : left + times * coarse.side + 2 * times]
    largest = min(near.shape)
    fits = []
    for side in range(max(1, times * (coarse.side - 1)), min(largest, times * (coarse.side + 1)) + 1):
        fit = _fit(_squares(near, side) @ _part(part.grey, side), side, near.shape[1] - side + 1)
        fits.append(fit._replace(top=fit.top + top, left=fit.left + left))
    return max(fits)


def _part(picture: Image.Image, side: int) -> NDArray[np.float32]:
    return _normalized(_shrunk(picture, side).reshape(1, -1))[0]


def _shrunk(picture: Image.Image, side: int) -> NDArray[np.float32]:
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX), np.float32)


def _details(picture: Image.Image) -> NDArray[np.float32]:
    pixels = np.asarray(picture, np.float32)
    return pixels - uniform_filter(pixels, _DETAIL)


def _squares(pixels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """All squares of a picture, one a row, `(places, side²)`, normalized."""
    return _normalized(sliding_window_view(pixels, (side, side)).reshape(-1, side * side))


def _normalized(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of mean 0 and length 1; plain ones are 0, and like nothing."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(length > 1e-3, centred / np.maximum(length, 1e-3), 0)


def alike_by_hash(test: ImageStore, pairs: pd.DataFrame) -> NDArray[np.bool_]:
    """Which test images have a near-duplicate in the training set by difference hash, as the resize has found.

    `pairs` are those of `preparation.near_duplicates.across_splits`.
    """
    both = {"first": "second", "second": "first"}
    found = [
        pairs.loc[(pairs[f"split_{one}"] == "test") & (pairs[f"split_{other}"] == "train"), f"sha256_{one}"]
        for one, other in both.items()
    ]
    return test.rows["sha256"].isin(pd.concat(found)).to_numpy()


def near_copy_metrics(wrong: NDArray[np.bool_], near: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """Top-1 error, ten views, of test images that have a near copy in the training set, and of the others.

    `wrong` says of each test image whether it is classified so, and each of `near`, by the name of how it was found,
    whether it has one. Errors have count and 95 % interval; None where there is no image.
    """
    parts = {f"{side}_{how}": has == (side == "with") for how, has in near.items() for side in ("with", "without")}
    metrics: dict[str, Any] = {}
    for name, here in parts.items():
        examples, count = int(here.sum()), int(wrong[here].sum())
        metrics[f"examples_{name}"] = examples
        metrics |= error_with_interval(f"top1_error_ten_view_{name}", count if examples else None, examples)
    return metrics
