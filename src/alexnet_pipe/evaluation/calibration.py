"""Whether probabilities can be believed: how far confidence is from being right, and what it costs to abstain."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.evaluation.significance import Z, wilson_interval

BINS = 15
"""Of equal width, as in Guo et al. (2017), so that errors can be held against published ones."""

RESAMPLES = 1000
"""Of the test images, for an interval, and for what chance does."""

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.5)
_DIGITS = 10_000


class Answers(NamedTuple):
    """Of each image what its most probable class gets, whether it is right, and two losses.

    Attributes:
        confidence: Floats `(images,)`, the probability of the most probable class.
        right: bool `(images,)`.
        log_loss: Floats `(images,)`, −ln of the probability of the label, in nats.
        brier: Floats `(images,)`, the squared distance of the probabilities from the label's 1 and 0 elsewhere.
    """

    confidence: NDArray[np.floating]
    right: NDArray[np.bool_]
    log_loss: NDArray[np.floating]
    brier: NDArray[np.floating]


def calibration_metrics(answers: Answers, suffix: str) -> dict[str, Any]:
    """Expected calibration error, Brier score and log loss, each with its 95 % interval; names end in `suffix`.

    Intervals are normal: those of means over images, and of the calibration error with the bootstrap's deviation. That
    error is never 0, and the larger the fewer images there are: what it would be by chance alone stands beside it.
    """
    error = calibration_error(answers.confidence, answers.right)
    found = {
        "calibration_error": (error, _bootstrapped_deviation(answers)),
        "brier_score": _mean_and_deviation(answers.brier),
        "log_loss": _mean_and_deviation(answers.log_loss),
    }
    metrics: dict[str, Any] = {f"calibration_error_by_chance{suffix}": error_by_chance(answers.confidence)}
    for name, (value, deviation) in found.items():
        low, high = max(0.0, value - Z * deviation), value + Z * deviation
        metrics |= {f"{name}{suffix}": value, f"{name}{suffix}_interval": {"low": low, "high": high}}
    return metrics


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The mean distance of confidence and share of right answers, each bin weighted by its images."""
    gaps = np.bincount(_bins(confidence), confidence - right, BINS)
    return float(np.abs(gaps).sum() / len(right))


def error_by_chance(confidence: NDArray[np.floating]) -> float:
    """The mean calibration error of answers that are right exactly as often as their confidence says."""
    bins, random = _bins(confidence), np.random.default_rng(0)
    gaps = (confidence - (random.random(len(bins)) < confidence) for _ in range(RESAMPLES))
    return float(np.mean([np.abs(np.bincount(bins, each, BINS)).sum() for each in gaps]) / len(bins))


def calibration_bins(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> pd.DataFrame:
    """`BINS` bins of equal width in [0, 1], those without images left out.

    Returns:
        low, high, images, confidence (its mean), right (its share).
    """
    table = pd.DataFrame({"bin": _bins(confidence), "confidence": confidence, "right": right}).groupby("bin")
    bins = table.agg(images=("right", "size"), confidence=("confidence", "mean"), right=("right", "mean"))
    return bins.assign(low=bins.index / BINS, high=(bins.index + 1) / BINS).reset_index(drop=True)


def coverage_curve(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> pd.DataFrame:
    """What is answered, and how often wrongly, if no image is answered that is less sure than `confidence`.

    One row a confidence that occurs, the highest first: confidence, answered (images), wrong (of them). The more is
    answered, the lower the confidence; images of one confidence are answered together or not at all.
    """
    order = np.argsort(-confidence, kind="stable")
    sure, wrong = confidence[order], np.cumsum(~right[order])
    last = np.flatnonzero(np.append(sure[1:] != sure[:-1], True))
    return pd.DataFrame({"confidence": sure[last], "answered": last + 1, "wrong": wrong[last]})


def coverage_table(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """For each of `COVERAGES` the highest bound that answers so many images at least, and the error among those.

    A row has coverage (wanted), bound (four decimals), answered, wrong, error, interval (of the error, 95 %, Wilson).
    """
    surest, rows = np.sort(confidence)[::-1], []
    for coverage in COVERAGES:
        last = surest[int(np.ceil(coverage * len(surest))) - 1]
        bound = float(np.floor(last * _DIGITS) / _DIGITS)
        answered = confidence >= bound
        number, wrong = int(answered.sum()), int((answered & ~right).sum())
        low, high = wilson_interval(wrong, number)
        row = {"coverage": coverage, "bound": bound, "answered": number, "wrong": wrong, "error": wrong / number}
        rows.append(row | {"interval": {"low": low, "high": high}})
    return rows


def _bins(confidence: NDArray[np.floating]) -> NDArray[np.intp]:
    return np.minimum((confidence * BINS).astype(np.intp), BINS - 1)


def _mean_and_deviation(values: NDArray[np.floating]) -> tuple[float, float]:
    """The mean over the images, and the standard deviation of that mean."""
    mean, deviation = values.mean(dtype=np.float64), values.std(dtype=np.float64)
    return float(mean), float(deviation / np.sqrt(len(values)))


def _bootstrapped_deviation(answers: Answers) -> float:
    """The standard deviation of the calibration error, over as many images drawn with replacement."""
    # A bin's gap is a sum over its images, so that it is enough to know how often each is drawn.
    bins, gaps = _bins(answers.confidence), answers.confidence - answers.right
    random, images = np.random.default_rng(0), len(bins)
    drawn = (np.bincount(random.integers(images, size=images), minlength=images) for _ in range(RESAMPLES))
    return float(np.std([np.abs(np.bincount(bins, counts * gaps, BINS)).sum() for counts in drawn]) / images)
