"""Whether probabilities can be believed is arithmetic on what is planted, and its intervals hold what is true."""

import numpy as np
import pytest

from alexnet_pipe.evaluation import calibration
from alexnet_pipe.evaluation.calibration import (
    Answers,
    calibration_bins,
    calibration_error,
    calibration_metrics,
    coverage_curve,
    coverage_table,
)


def answers(images: int, too_sure: float, seed: int = 0) -> Answers:
    """Images whose first guess is right as often as its confidence says, less `too_sure`."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.6, 1, images)
    right = random.random(images) < confidence - too_sure
    return Answers(confidence, right, np.zeros(images), np.zeros(images))


def test_the_error_weights_bins_by_their_images() -> None:
    confidence = np.array([0.55, 0.65, 0.62, 1.0, 0.95])
    right = np.array([True, False, True, True, True])
    bins = calibration_bins(confidence, right)
    assert bins["images"].tolist() == [1, 2, 2]
    np.testing.assert_allclose(bins["low"], [8 / 15, 9 / 15, 14 / 15])
    np.testing.assert_allclose(bins["high"], [9 / 15, 10 / 15, 1])
    np.testing.assert_allclose(bins["confidence"], [0.55, 0.635, 0.975])
    assert bins["right"].tolist() == [1, 0.5, 1]
    by_hand = (1 * (1 - 0.55) + 2 * (0.635 - 0.5) + 2 * (1 - 0.975)) / 5
    assert calibration_error(confidence, right) == pytest.approx(by_hand)


def test_what_is_planted_is_found() -> None:
    believed, too_sure = (answers(100_000, planted) for planted in (0, 0.1))
    assert calibration_error(believed.confidence, believed.right) < 0.01
    assert calibration_error(too_sure.confidence, too_sure.right) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("planted", [0.0, 0.02, 0.1])
def test_the_interval_holds_what_other_images_of_the_kind_show(planted: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "RESAMPLES", 200)
    found = [calibration_metrics(answers(500, planted, seed), "") for seed in range(100)]
    mean = np.mean([metrics["calibration_error"] for metrics in found])
    intervals = [metrics["calibration_error_interval"] for metrics in found]
    assert sum(each["low"] <= mean <= each["high"] for each in intervals) >= 90
    # By chance alone, a test of 500 images shows an error of over 3 % where there is none.
    by_chance = [metrics["calibration_error_by_chance"] for metrics in found]
    assert 0.03 < min(by_chance) < max(by_chance) < 0.037
    assert mean > np.mean(by_chance) if planted else mean == pytest.approx(np.mean(by_chance), abs=0.002)


def test_means_have_the_interval_of_the_normal_distribution() -> None:
    losses = np.array([0.0, 0.5, 1.0, 0.5] * 25)
    metrics = calibration_metrics(Answers(np.ones(100), np.ones(100, bool), losses, 2 * losses), "_ten_view")
    half = 1.959964 * np.sqrt(0.125) / 10
    assert metrics["log_loss_ten_view"] == 0.5
    assert metrics["log_loss_ten_view_interval"] == pytest.approx({"low": 0.5 - half, "high": 0.5 + half})
    assert metrics["brier_score_ten_view"] == 1
    assert metrics["brier_score_ten_view_interval"] == pytest.approx({"low": 1 - 2 * half, "high": 1 + 2 * half})
    assert metrics["calibration_error_ten_view"] == 0


def test_the_same_answers_have_the_same_numbers() -> None:
    assert calibration_metrics(answers(200, 0.1), "") == calibration_metrics(answers(200, 0.1), "")


CONFIDENCE = np.array([0.99999, 0.6, 0.9, 0.7, 0.9, 0.5, 0.8, 0.95, 0.75, 0.65])
RIGHT = np.array([True, False, True, True, False, False, True, True, True, True])


def test_a_bound_answers_as_many_as_the_table_says_and_errs_as_often() -> None:
    table = coverage_table(CONFIDENCE, RIGHT)
    assert [row["coverage"] for row in table] == [1, 0.95, 0.9, 0.8, 0.5]
    assert [row["bound"] for row in table] == [0.5, 0.5, 0.6, 0.65, 0.8]
    assert [(row["answered"], row["wrong"]) for row in table] == [(10, 3), (10, 3), (9, 2), (8, 1), (5, 1)]
    for row in table:
        answered = row["bound"] <= CONFIDENCE
        assert row["answered"] == answered.sum() >= row["coverage"] * 10
        assert row["error"] == pytest.approx((~RIGHT[answered]).mean())
        assert row["interval"]["low"] < row["error"] < row["interval"]["high"]


def test_the_surest_come_first_and_equally_sure_ones_together() -> None:
    curve = coverage_curve(CONFIDENCE, RIGHT)
    assert curve["confidence"].tolist() == sorted({*CONFIDENCE}, reverse=True)
    assert curve["answered"].tolist() == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert curve["wrong"].tolist() == [0, 0, 1, 1, 1, 1, 1, 2, 3]
