"""Predictions as tables, for the report and for comparing models image by image."""

import pandas as pd

from alexnet_pipe.evaluation.predict import Predictions
from alexnet_pipe.store.image_store import ImageStore


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
