"""Predictions as tables, for the report and for comparing models image by image."""

from collections.abc import Sequence

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


def class_table(confusion: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """One row a class, in label order: test images, precision, recall and top-1 error from ten views.

    A class that is never predicted has no precision, and one without test images neither recall nor error: NaN.

    Args:
        confusion: What `confusion_table` returns.
        classes: All class names.
    """
    right = confusion.loc[confusion["actual"] == confusion["predicted"], "actual"]
    hits, images, predicted = (
        names.value_counts().reindex(list(classes), fill_value=0)
        for names in (right, confusion["actual"], confusion["predicted"])
    )
    columns = {"images": images, "precision": hits / predicted, "recall": hits / images}
    return pd.DataFrame({**columns, "top1_error": (images - hits) / images}).rename_axis("class").reset_index()
