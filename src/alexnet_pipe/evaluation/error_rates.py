"""What a classifier makes of a split, the errors in it, and the tables that are left for others to read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.progress import progress
from alexnet_pipe.evaluation.calibration import Answers, calibration_metrics
from alexnet_pipe.evaluation.significance import wilson_interval
from alexnet_pipe.evaluation.ten_views import (
    BATCH,
    TOP,
    Network,
    Ranking,
    join_rankings,
    one_and_ten,
    rank,
    ten_view_softmax,
)
from alexnet_pipe.store.image_store import ImageStore


@dataclass(frozen=True)
class Predictions:
    """One row an image, in store order.

    Attributes:
        one_view: From the centre crop.
        ten_view: From the mean softmax of ten views (paper, section 4.1).
        one_view_before: From the centre crop, without the temperature.
        ten_view_before: From ten views, without it.
        features: float32 `(images, units)`, activations of fc7 for the centre view.
    """

    one_view: Ranking
    ten_view: Ranking
    one_view_before: Ranking
    ten_view_before: Ranking
    features: NDArray[np.float32]

    @classmethod
    def joined(cls, batches: Iterable[Sequence[Ranking]], features: NDArray[np.float32]) -> "Predictions":
        """Of batches, each with the four rankings in the order above."""
        one_view, ten_view, one_view_before, ten_view_before = map(join_rankings, zip(*batches, strict=True))
        return cls(one_view, ten_view, one_view_before, ten_view_before, features)

    def by_suffix(self) -> dict[str, Ranking]:
        """The rankings by what the names of their metrics end in."""
        after = {"": self.one_view, "_ten_view": self.ten_view}
        return after | {"_before": self.one_view_before, "_ten_view_before": self.ten_view_before}


def predict(network: Network, store: ImageStore) -> Predictions:
    """Run every image of `store` through the network ten times."""
    rankings, features = [], []
    with progress("evaluate", len(store), "images") as advance:
        for start in range(0, len(store), BATCH):
            places = np.arange(start, min(start + BATCH, len(store)))
            views, fc7 = ten_view_softmax(network, store.gather(places))
            said = (*one_and_ten(views, network.temperatures), *one_and_ten(views))
            rankings.append([rank(shares, store.labels[places]) for shares in said])
            features.append(fc7)
            advance(len(places))
    return Predictions.joined(rankings, np.concatenate(features))


def error_metrics(predictions: Predictions, labels: NDArray[np.int32], classes: int) -> dict[str, Any]:
    """The errors of one view and of ten, and whether their probabilities can be believed, with 95 % intervals.

    Errors have their count. top-5 error says nothing with five classes or fewer: it is None there, never 0. What the
    probabilities were without the temperature ends in `_before`.
    """
    metrics: dict[str, Any] = {"examples": len(labels)}
    for suffix, ranking in (("", predictions.one_view), ("_ten_view", predictions.ten_view)):
        for top in (1, TOP):
            name = f"top{top}_error{suffix}"
            meaningful = top == 1 or classes > TOP
            metrics |= error_with_interval(name, wrong(ranking, labels, top) if meaningful else None, len(labels))
    for suffix, ranking in predictions.by_suffix().items():
        metrics |= calibration_metrics(_answers(ranking, labels), suffix)
    return metrics


def wrong(ranking: Ranking, labels: NDArray[np.int32], top: int) -> int:
    """How many images do not have their label among the `top` most probable classes."""
    hit = (ranking.classes[:, :top] == labels[:, None]).any(axis=1)
    return int((~hit).sum())


def _answers(ranking: Ranking, labels: NDArray[np.int32]) -> Answers:
    return Answers(
        confidence=ranking.probabilities[:, 0].astype(np.float64),
        right=ranking.classes[:, 0] == labels,
        # What a float32 cannot tell from 0 is not taken for impossible.
        log_loss=-np.log(np.maximum(ranking.of_label, np.finfo(np.float32).tiny)),
        brier=1 - 2 * ranking.of_label + ranking.squares,
    )


def error_with_interval(name: str, count: int | None, total: int) -> dict[str, Any]:
    if count is None:
        return {name: None, f"{name}_count": None, f"{name}_interval": None}
    low, high = wilson_interval(count, total)
    return {name: count / total, f"{name}_count": count, f"{name}_interval": {"low": low, "high": high}}


def prediction_table(predictions: Predictions, store: ImageStore) -> pd.DataFrame:
    """One row an image: origin, label, and the five most probable classes with their probabilities.

    `probability_before_ten_view` is that of the most probable class without the temperature.
    """
    table = store.rows[["container", "member", "sha256", "label"]].copy()
    for suffix, ranking in (("", predictions.one_view), ("_ten_view", predictions.ten_view)):
        table[f"top5{suffix}"] = list(ranking.classes)
        table[f"top5_probability{suffix}"] = list(ranking.probabilities)
        table[f"label_probability{suffix}"] = ranking.of_label
    table["probability_before_ten_view"] = predictions.ten_view_before.probabilities[:, 0]
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
