"""A challenger that is better in the mean and ruined on a part is refused, and chance alone refuses hardly any."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, multinomial

from alexnet_pipe.evaluation.significance import Comparison, paired, paired_score
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.promotion.gates import loss_p_value, lost_slice, low_recall
from benchmarks.gates import contested, refusals

LOSS = PromotionParams(max_slice_loss=0.02)


def table(first: list[bool], second: list[bool], **columns: object) -> pd.DataFrame:
    """So many images, the first half of them cats."""
    half = len(first) // 2
    return pd.DataFrame({"actual": ["cat"] * half + ["dog"] * half, "first": first, "second": second, **columns})


def ruined_dogs() -> pd.DataFrame:
    """Of 200 cats the champion has 60 wrong and the challenger none; of 200 dogs 4, and the challenger 40."""
    first = [n < 60 or 200 <= n < 204 for n in range(400)]
    return table(first, [200 <= n < 240 for n in range(400)])


def test_a_class_that_is_ruined_behind_a_better_mean_is_named_with_its_figures() -> None:
    images = ruined_dogs()
    comparison = paired(images["first"], images["second"])
    assert (comparison.second_errors < comparison.first_errors, comparison.p_value_lower < 0.05) == (True, True)
    reason = lost_slice(images, LOSS)
    assert reason
    assert reason.startswith("class dog: 20.00% against 2.00% of its 200 test images are wrong, +18.00% (+12.")
    assert "which is more than promotion.max_slice_loss (2.00%) beyond chance (p = " in reason
    assert reason.endswith(" after Holm's correction for 2 slices)")
    assert lost_slice(images, PromotionParams(max_slice_loss=0.15)) is None
    assert lost_slice(images, PromotionParams()) is None


def test_a_kind_of_photograph_that_is_ruined_is_named() -> None:
    dark = np.arange(400) % 4 == 0
    first = [(n % 4 == 1) and n < 300 for n in range(400)]
    images = table(
        first, (dark & (np.arange(400) % 8 == 0)).tolist(), brightness=np.where(dark, 20, 100 + np.arange(400))
    )
    reason = lost_slice(images, LOSS)
    assert reason
    assert re.match(r"mean grey up to \d+ \(darkest\): \d+\.\d\d% against 0\.00% of its \d+ test images", reason)


def test_a_class_with_a_low_recall_is_named_and_one_that_chance_may_explain_is_not() -> None:
    tested = pd.DataFrame({"actual": ["cat\x1b"] * 50 + ["dog"] * 50, "predicted": ["cat\x1b"] * 30 + ["dog"] * 70})
    reason = low_recall(tested, PromotionParams(min_class_recall=0.8))
    p_value = 2 * binom.cdf(30, 50, 0.8)
    assert reason == (
        "recall of class cat\\x1b 60.00% (46.18% to 72.39%), 30 of 50 test images, less than "
        f"promotion.min_class_recall (80.00%) beyond chance (p = {p_value:.2g} after Holm's correction for 2 classes)"
    )
    for bound in (None, 0.0, 0.7):
        assert low_recall(tested, PromotionParams(min_class_recall=bound)) is None


@pytest.mark.parametrize("bound", [0.0, 0.05])
def test_a_loss_up_to_the_bound_is_refused_as_seldom_as_is_said(bound: float) -> None:
    # Exactly, over all that 24 pairs can show, for many truths that lie on the bound.
    counts = np.array([(lost, won, 24 - lost - won) for lost in range(25) for won in range(25 - lost)])
    found = [loss_p_value(Comparison(24, 0, 0, lost, won), bound) for lost, won, _ in counts.tolist()]
    for won in (1e-9, 0.01, 0.04, 0.1, 0.2, 0.33, 0.45):
        weights = multinomial.pmf(counts, 24, [won + bound, won, 1 - 2 * won - bound])
        for level in (0.05, 0.01, 0.001):
            assert weights[np.array(found) <= level].sum() <= level * 1.001


@pytest.mark.parametrize(("lost", "won", "bound"), [(6, 0, 0.0), (8, 2, 0.0), (9, 1, 0.05), (7, 0, 0.1), (12, 3, 0.02)])
def test_the_p_value_of_a_loss_is_that_of_all_losses_that_are_as_telling(lost: int, won: int, bound: float) -> None:
    counts = np.array([(lost, won, 24 - lost - won) for lost in range(25) for won in range(25 - lost)])
    scores = np.array([paired_score(*pair, 24, bound) for pair in counts[:, :2].tolist()])
    telling = counts[scores >= paired_score(lost, won, 24, bound) - 1e-9]
    truths = np.linspace(1e-6, (1 - bound) / 2 - 1e-6, 500)
    sums = [multinomial.pmf(telling, 24, [each + bound, each, 1 - 2 * each - bound]).sum() for each in truths]
    assert loss_p_value(Comparison(24, 0, 0, lost, won), bound) == pytest.approx(max(sums), rel=0.02)


def test_what_is_no_loss_is_never_telling() -> None:
    assert loss_p_value(Comparison(60, 0, 6, lost=6, won=0), 0.1) == pytest.approx(0.5)
    assert loss_p_value(Comparison(60, 0, 0, lost=0, won=0), 0.0) == 0.5
    assert loss_p_value(Comparison(60, 9, 0, lost=0, won=9), 0.0) > 0.99


@pytest.mark.parametrize("truth", [{}, {"better": 1 / 3}])
@pytest.mark.parametrize("promotion", [PromotionParams(max_slice_loss=0.0), PromotionParams(min_class_recall=0.9)])
def test_chance_alone_refuses_hardly_any(truth: dict[str, float], promotion: PromotionParams) -> None:
    assert len(refusals(contested(10, 48, **truth), promotion, 100)) <= 0.05 * 100


def test_a_ruined_class_is_refused_nearly_always_and_by_its_name() -> None:
    ruined = contested(10, 48, better=1 / 3, ruined=0.3)
    for promotion, said in ((LOSS, "class 009: "), (PromotionParams(min_class_recall=0.9), "recall of class 009 ")):
        reasons = refusals(ruined, promotion, 30)
        assert len(reasons) >= 27
        assert all(reason.startswith(said) for reason in reasons)
