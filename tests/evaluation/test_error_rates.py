"""Errors count right, with the published interval, over all images and class by class."""

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.evaluation.error_rates import Predictions, class_table, error_metrics, wrong
from alexnet_pipe.evaluation.significance import wilson_interval
from alexnet_pipe.evaluation.ten_views import rank


def predictions(probabilities: np.ndarray, labels: np.ndarray) -> Predictions:
    ranking = rank(probabilities.astype(np.float32), labels)
    return Predictions(ranking, ranking, ranking, ranking, np.zeros((len(labels), 2), np.float32))


# Newcombe (1998), table I.
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(count: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(count, total) == pytest.approx((low, high), abs=5e-5)


def test_top1_and_top5_count_images_whose_label_is_not_among_the_best() -> None:
    # Six classes, probabilities falling from class 0 to class 5.
    probabilities = np.tile([0.3, 0.25, 0.2, 0.15, 0.07, 0.03], (6, 1))
    labels = np.arange(6, dtype=np.int32)
    ranking = rank(probabilities.astype(np.float32), labels)
    assert wrong(ranking, labels, 1) == 5
    assert wrong(ranking, labels, 5) == 1


def test_metrics_carry_count_and_interval_of_each_error() -> None:
    labels = np.array([0, 5, 5, 0], np.int32)
    metrics = error_metrics(predictions(np.tile([0.3, 0.25, 0.2, 0.15, 0.07, 0.03], (4, 1)), labels), labels, 6)
    assert metrics["examples"] == 4
    assert (metrics["top1_error"], metrics["top1_error_count"]) == (0.5, 2)
    assert metrics["top5_error_ten_view"] == 0.5
    low, high = wilson_interval(2, 4)
    assert metrics["top1_error_interval"] == {"low": low, "high": high}


@pytest.mark.parametrize("classes", [2, 5])
def test_top5_is_null_with_five_classes_or_fewer(classes: int) -> None:
    labels = np.zeros(3, np.int32)
    metrics = error_metrics(predictions(np.full((3, classes), 1 / classes), labels), labels, classes)
    assert metrics["top5_error"] is None
    assert metrics["top5_error_ten_view"] is None
    assert metrics["top5_error_interval"] is None


def test_precision_recall_and_error_by_class() -> None:
    actual, predicted = "aaaabb", "aaabbb"
    table = class_table(pd.DataFrame({"actual": list(actual), "predicted": list(predicted)}), ["b", "a", "c"])
    expected = pd.DataFrame(
        {
            "class": ["b", "a", "c"],
            "images": [2, 4, 0],
            "precision": [2 / 3, 1.0, np.nan],
            "recall": [1.0, 3 / 4, np.nan],
            "top1_error": [0.0, 1 / 4, np.nan],
        }
    )
    pd.testing.assert_frame_equal(table, expected, check_names=False)


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    table = class_table(pd.DataFrame({"actual": ["a", "b"], "predicted": ["a", "a"]}), ["a", "b"])
    assert table["precision"].isna().tolist() == [False, True]
    assert table["top1_error"].tolist() == [0, 1]
