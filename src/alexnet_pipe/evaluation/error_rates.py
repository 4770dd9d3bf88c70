"""What a classifier makes of a split, the errors in it, and the tables that are left for others to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.progress import progress
from alexnet_pipe.evaluation.significance import wilson_interval
from alexnet_pipe.evaluation.ten_views import (
    BATCH,
    TOP,
    Network,
    Ranking,
    join_rankings,
    rank,
    ten_view_softmax,
)
from alexnet_pipe.inputs.views import CENTRE_VIEW
from alexnet_pipe.store.image_store import ImageStore


@dataclass(frozen=True)
class Predictions:
    """One row an image, in store order.

    Attributes:
        one_view: From the centre crop.
        ten_view: From the mean softmax of ten views (paper, section 4.1).
        features: float32 `(images, units)`, activations of fc7 for the centre view.
    """

    one_view: Ranking
    ten_view: Ranking
    features: NDArray[np.float32]


def predict(network: Network, store: ImageStore) -> Predictions:
    """Run every image of `store` through the network ten times."""
    one_view, ten_view, features = [], [], []
    with progress("evaluate", len(store), "images") as advance:
        for start in range(0, len(store), BATCH):
            places = np.arange(start, min(start + BATCH, len(store)))
            probabilities, fc7 = ten_view_softmax(network, store.gather(places))
            labels = store.labels[places]
            one_view.append(rank(probabilities[CENTRE_VIEW], labels))
            ten_view.append(rank(probabilities.mean(axis=0), labels))
            features.append(fc7)
            advance(len(places))
    return Predictions(join_rankings(one_view), join_rankings(ten_view), np.concatenate(features))


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


def prediction_table(predictions: Predictions, store: ImageStore) -> pd.DataFrame:
    """One row an image: origin, label, and the five most probable classes with their probabilities."""
    table = store.rows[["container", "member", "sha256", "label"]].copy()
    for suffix, ranking in (("", predictions.one_view), ("_ten_view", predictions.ten_view)):
        table[f"top5{suffix}"] = list(ranking.classes)
        table[f"top5_probability{suffix}"] = list(ranking.probabilities)
        table[f"label_probability{suffix}"] = ranking.of_label
    return table


def confusion_table(predictions: Predictions, store: ImageStore) -> pd.DataFrame:
    """One row an image: the names of the actual class and of the one predicted from ten views."""
    names = pd.Series(store.classes)
    return pd.DataFrame(
        {
            "actual": names[store.labels].to_numpy(),
            "predicted": names[predictions.ten_view.classes[:, 0]].to_numpy(),
        }
    )


def class_table(confusion: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """One row a class, in label order: test images, precision, recall and top-1 error from ten views.

    It is made of a `confusion_table`. A class that is never predicted has no precision, and one without test images
    neither recall nor error: NaN.
    """
    right = confusion.loc[confusion["actual"] == confusion["predicted"], "actual"]
    hits, images, predicted = (
        names.value_counts().reindex(list(classes), fill_value=0)
        for names in (right, confusion["actual"], confusion["predicted"])
    )
    columns = {"images": images, "precision": hits / predicted, "recall": hits / images}
    return pd.DataFrame({**columns, "top1_error": (images - hits) / images}).rename_axis("class").reset_index()
