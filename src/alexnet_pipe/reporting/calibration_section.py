"""Trust: whether the network's probabilities can be believed, before and with a temperature; what abstaining costs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from alexnet_pipe.evaluation.calibration import BINS, calibration_bins, coverage_curve, coverage_table
from alexnet_pipe.reporting.class_section import first_guesses
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import BLUE, INK, ORANGE, drawing, new_figure, styled, two_figures

MEASURES = (
    ("calibration_error", "expected calibration error"),
    ("brier_score", "Brier score"),
    ("log_loss", "log loss, nats"),
)
"""Names in `metrics/test.json`, which end in the views and `_before`, and what they are called."""


@dataclass(frozen=True)
class Calibration:
    """Of the most probable class from ten views, with the model's temperature.

    Attributes:
        bins: As `calibration_bins` makes them.
        before: The same without the temperature.
        confidence: The mean probability.
        right: The share of right answers.
        curve: As `coverage_curve` makes it.
        coverage: As `coverage_table` makes it.
    """

    bins: pd.DataFrame
    before: pd.DataFrame
    confidence: float
    right: float
    curve: pd.DataFrame
    coverage: list[dict[str, Any]]


def calibration(predictions: pd.DataFrame) -> Calibration:
    """How far the probabilities of a run's predictions can be believed."""
    guesses = first_guesses(predictions)
    confidence, right = guesses["confidence"].to_numpy(), guesses["right"].to_numpy()
    return Calibration(
        bins=calibration_bins(confidence, right),
        before=calibration_bins(predictions["probability_before_ten_view"].to_numpy(np.float64), right),
        confidence=float(confidence.mean()),
        right=float(right.mean()),
        curve=coverage_curve(confidence, right),
        coverage=coverage_table(confidence, right),
    )


def calibration_section(results: Results) -> dict[str, Any]:
    """The numbers before and after, the diagram and its table, and the errors of those answered."""
    found = calibration(results.predictions)
    return {
        "found": found,
        "measures": MEASURES,
        "bins": BINS,
        "curve": drawing(reliability_diagram(found), "reliability"),
        "coverage_curve": drawing(coverage_figure(found.curve), "coverage"),
    }


def reliability_diagram(found: Calibration) -> Figure:
    """Share of right answers by mean confidence, before and after; below it the images of each bin, after."""
    figure, above, below = two_figures(4.4, (3, 1))
    styled(above, "", "right (%)").plot([0, 100], [0, 100], color=INK, linestyle="--", linewidth=1, label="ideal")
    for bins, color, marker, label in (
        (found.before, ORANGE, "s", "before"),
        (found.bins, BLUE, "o", "with temperature"),
    ):
        above.plot(100 * bins["confidence"], 100 * bins["right"], color=color, marker=marker, markersize=4, label=label)
    above.set_ylim(0, 104)
    above.legend(frameon=False, labelcolor=INK, loc="upper left")
    styled(below, "probability of its first guess (%)", "images")
    bars = below.bar(100 * found.bins["low"], found.bins["images"], 100 / BINS, align="edge", color=BLUE, alpha=0.8)
    below.bar_label(bars, color=INK, fontsize=8)
    below.set_xlim(0, 100)
    below.set_ylim(0, 1.25 * found.bins["images"].max())
    return figure


def coverage_figure(curve: pd.DataFrame) -> Figure:
    """The error of those answered by the share that is answered, in per cent."""
    figure, axes = new_figure("answered, the surest first (%)", "error of those answered (%)")
    answered, wrong = curve["answered"], curve["wrong"]
    axes.step(100 * answered / answered.iloc[-1], 100 * wrong / answered, where="post", color=BLUE)
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    return figure
