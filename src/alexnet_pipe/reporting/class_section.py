"""Classes: the errors of each, which is taken for which, and whether the network's probabilities can be believed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import BLUE, INK, ORANGE, drawing, styled, two_figures

CLASSES = 20
"""Classes of which the worst and the best are listed, that many of each."""

NAMED = 25
"""The most classes whose confusion is a table; of more it is a picture."""

BLOCKS = 250
"""The most blocks along a side of the picture; more classes share them."""

PAIRS = 20
BINS = 10
_ZOOM = 500
_WHITE, _BLACK = np.array([255.0, 255, 255]), np.array([8.0, 38, 84])


@dataclass(frozen=True)
class Calibration:
    """Of the most probable class from ten views.

    Attributes:
        bins: As `calibration_bins` makes them.
        confidence: The mean probability.
        right: The share of right answers.
    """

    bins: pd.DataFrame
    confidence: float
    right: float

    @property
    def error(self) -> float:
        """The expected calibration error: how far the two are apart, in the mean over the images' bins."""
        distance = (self.bins["right"] - self.bins["confidence"]).abs()
        return float(np.average(distance, weights=self.bins["images"]))


def class_section(results: Results) -> dict[str, Any]:
    """The table of classes, the confusion of few as a table and of many as a picture, and the calibration."""
    matrix, names = confusion_matrix(results), results.test.classes
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    few = len(names) <= NAMED
    found = calibration(results.predictions)
    return {
        "rows": class_rows(results.classes, names),
        "names": names,
        "confusion": list(zip(names, matrix.tolist(), shares.tolist(), strict=True)) if few else [],
        "picture": None if few else confusion_picture(matrix),
        "pairs": [] if few else frequent_pairs(matrix, names),
        "block": block_size(len(names)),
        "calibration": found,
        "curve": drawing(calibration_curve(found.bins), "calibration"),
    }


def class_rows(classes: pd.DataFrame, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row a class, the highest top-1 error first, those without test images last; of many the worst and the best.

    `classes` are images, precision, recall and top1_error in label order, as `names` are; NaN becomes None.
    """
    ordered = classes.assign(name=names).sort_values("top1_error", ascending=False, kind="stable", na_position="last")
    if len(ordered) > 2 * CLASSES:
        ordered = pd.concat([ordered.head(CLASSES), ordered.tail(CLASSES)])
    rows = ordered.to_dict("records")
    return [{str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows]


def first_guesses(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row a test image, from ten views: its `label`, the most probable class (`guess`), `confidence`, `right`."""
    guess = predictions["top5_ten_view"].map(lambda top: int(top[0]))
    confidence = predictions["top5_probability_ten_view"].map(lambda top: float(top[0]))
    label = predictions["label"]
    return pd.DataFrame({"label": label, "guess": guess, "confidence": confidence, "right": guess == label})


def confusion_matrix(results: Results) -> NDArray[np.int64]:
    """Counts `(classes, classes)`: rows are actual, columns predicted classes."""
    guesses, labels = first_guesses(results.predictions), range(len(results.test.classes))
    table = pd.crosstab(guesses["label"], guesses["guess"])
    return table.reindex(index=labels, columns=labels, fill_value=0).to_numpy()


def block_size(classes: int) -> int:
    """How many neighbouring classes share a block of the picture."""
    return -(-classes // BLOCKS)


def confusion_picture(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each row's images in each column, from white to dark blue, in blocks, about 500 pixels a side."""
    size = block_size(len(matrix))
    starts = np.arange(0, len(matrix), size)
    blocks = np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1)
    # The square root: a few images of a hundred are meant to be seen.
    shade = np.sqrt(blocks / np.maximum(1, blocks.sum(axis=1, keepdims=True)))[..., None]
    zoom = max(1, _ZOOM // len(blocks))
    return (_WHITE + shade * (_BLACK - _WHITE)).repeat(zoom, axis=0).repeat(zoom, axis=1)


def frequent_pairs(matrix: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The commonest mistakes: actual and predicted class, how many images, and their share of the actual class."""
    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    commonest = np.argsort(-wrong, axis=None, kind="stable")[: min(PAIRS, np.count_nonzero(wrong))]
    return [
        {
            "actual": names[row],
            "predicted": names[column],
            "images": int(wrong[row, column]),
            "share": float(wrong[row, column] / matrix[row].sum()),
        }
        for row, column in np.transpose(np.unravel_index(commonest, wrong.shape)).tolist()
    ]


def calibration(predictions: pd.DataFrame) -> Calibration:
    """How far the probabilities of a run's predictions can be believed."""
    guesses = first_guesses(predictions)
    confidence, right = guesses["confidence"].to_numpy(), guesses["right"].to_numpy()
    return Calibration(calibration_bins(confidence, right), float(confidence.mean()), float(right.mean()))


def calibration_bins(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> pd.DataFrame:
    """`BINS` bins of equal width in [0, 1], those without images left out.

    Returns:
        low, high, images, confidence (its mean), right (its share).
    """
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    table = pd.DataFrame({"bin": number, "confidence": confidence, "right": right}).groupby("bin")
    bins = table.agg(images=("right", "size"), confidence=("confidence", "mean"), right=("right", "mean"))
    return bins.assign(low=bins.index / BINS, high=(bins.index + 1) / BINS).reset_index(drop=True)


def calibration_curve(bins: pd.DataFrame) -> Figure:
    """Share of right answers by mean confidence, below it the images of each bin."""
    figure, above, below = two_figures(4.4, (3, 1))
    styled(above, "", "right (%)").plot([0, 100], [0, 100], color=INK, linestyle="--", linewidth=1, label="ideal")
    above.plot(100 * bins["confidence"], 100 * bins["right"], color=BLUE, marker="o", label="this network")
    above.set_ylim(0, 104)
    above.legend(frameon=False, labelcolor=INK, loc="upper left")
    styled(below, "probability of its first guess (%)", "images")
    bars = below.bar(100 * bins["low"], bins["images"], 100 / BINS, align="edge", color=ORANGE, alpha=0.8)
    below.bar_label(bars, color=INK, fontsize=8)
    below.set_xlim(0, 100)
    below.set_ylim(0, 1.25 * bins["images"].max())
    return figure
