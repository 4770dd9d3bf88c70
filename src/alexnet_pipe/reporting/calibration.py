"""Whether the network's probabilities can be believed: how often it is right when it says so."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from alexnet_pipe.reporting.pictures import drawing
from alexnet_pipe.reporting.plots import BLUE, INK, ORANGE, SIZE, styled

BINS = 10


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
        return float((distance * self.bins["images"]).sum() / self.bins["images"].sum())


def calibration(predictions: pd.DataFrame) -> Calibration:
    """How far the probabilities of a run's predictions can be believed."""
    confidence = predictions["top5_probability_ten_view"].map(lambda top: top[0]).to_numpy(np.float64)
    right = (predictions["top5_ten_view"].map(lambda top: top[0]) == predictions["label"]).to_numpy()
    return Calibration(calibration_bins(confidence, right), float(confidence.mean()), float(right.mean()))


def calibration_section(predictions: pd.DataFrame) -> dict[str, Any]:
    """The numbers, the bins and the curve."""
    found = calibration(predictions)
    return {
        "bins": found.bins.to_dict("records"),
        "error": found.error,
        "confidence": found.confidence,
        "right": found.right,
        "curve": drawing(calibration_curve(found.bins), "calibration"),
    }


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
    figure = Figure(figsize=(SIZE[0], 4.4), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=(3, 1))
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
