"""top-1 and top-5 error, with how far chance could have moved them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.evaluation.intervals import wilson_interval
from alexnet_pipe.evaluation.predict import TOP, Predictions, Ranking


def error_metrics(predictions: Predictions, labels: NDArray[np.int32], classes: int) -> dict[str, Any]:
    """The errors of one view and of ten, each with its count and 95 % interval.

    top-5 error says nothing with five classes or fewer: it is None there, never 0.
    """
    metrics: dict[str, Any] = {"examples": len(labels)}
    for suffix, ranking in (("", predictions.one_view), ("_ten_view", predictions.ten_view)):
        for top in (1, TOP):
            name = f"top{top}_error{suffix}"
            meaningful = top == 1 or classes > TOP
            metrics |= _error(name, wrong(ranking, labels, top) if meaningful else None, len(labels))
    return metrics


def wrong(ranking: Ranking, labels: NDArray[np.int32], top: int) -> int:
    """How many images do not have their label among the `top` most probable classes."""
    hit = (ranking.classes[:, :top] == labels[:, None]).any(axis=1)
    return int((~hit).sum())


def _error(name: str, count: int | None, total: int) -> dict[str, Any]:
    if count is None:
        return {name: None, f"{name}_count": None, f"{name}_interval": None}
    low, high = wilson_interval(count, total)
    return {name: count / total, f"{name}_count": count, f"{name}_interval": {"low": low, "high": high}}
