"""Two models are compared image by image."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, multinomial

from alexnet_pipe.evaluation.significance import (
    Comparison,
    Z,
    paired,
    paired_interval,
    paired_score,
    same_images,
)


def test_errors_and_disagreements_are_counted_in_pairs() -> None:
    first, second = pd.Series([False, False, True, True]), pd.Series([True, False, False, False])
    assert paired(first, second) == Comparison(images=4, first_errors=2, second_errors=1, lost=1, won=2)


def test_mcnemars_test_is_exact() -> None:
    # Of 11 coins at least 9 heads: (55 + 11 + 1) of 2,048 ways; two-sided, as many tails count as well.
    assert Comparison(100, 20, 13, lost=2, won=9).p_value_lower == pytest.approx(67 / 2048)
    assert Comparison(100, 13, 20, lost=9, won=2).p_value_lower == pytest.approx(1 - 12 / 2048)
    for lost, won in ((2, 9), (9, 2)):
        assert Comparison(100, 20, 13, lost, won).p_value == pytest.approx(134 / 2048)
    assert Comparison(900, 90, 71, lost=40, won=59).p_value == pytest.approx(2 * binom.cdf(40, 99, 0.5))


def test_models_that_never_differ_are_equal() -> None:
    same = Comparison(100, 13, 13, lost=0, won=0)
    assert (same.p_value, same.p_value_lower) == (1.0, 1.0)
    # The fewer images, the less that says: z² / (n + z²), with z = 1.95996.
    assert same.difference == pytest.approx((0, -0.03699, 0.03699), abs=1e-5)
    assert Comparison(24, 0, 0, lost=0, won=0).difference == pytest.approx((0, -0.13798, 0.13798), abs=1e-5)


def test_the_difference_has_the_interval_of_published_examples() -> None:
    # Tango 1998, section 6.1 (43, 0, 1, 0 of 44 pairs), prints 1.709 for a margin of 0.1, and -0.096 of 90 %.
    assert round(paired_score(0, 1, 44, -0.1), 3) == 1.709
    assert round(paired_interval(0, 1, 44, z=1.645)[0], 3) == -0.096
    # Fagerland, Lydersen and Laake 2014, table V, of 1, 1, 7, 12; and PropCIs' scoreci.mp(25, 28, 618), 90 %.
    assert [round(end, 3) for end in paired_interval(1, 7, 21)] == [-0.517, -0.026]
    assert [round(end, 4) for end in paired_interval(28, 25, 618, z=1.644854)] == [-0.0148, 0.0247]


@pytest.mark.parametrize(
    ("lost", "won", "images"), [(0, 0, 1), (5, 0, 5), (0, 5, 5), (3, 0, 40), (9, 2, 100), (7, 7, 14)]
)
def test_an_interval_is_within_bounds_holds_its_difference_and_mirrors(lost: int, won: int, images: int) -> None:
    low, high = paired_interval(lost, won, images)
    assert -1 <= low <= (lost - won) / images <= high <= 1
    assert high - low > 0.01
    assert paired_interval(won, lost, images) == pytest.approx((-high, -low), abs=1e-12)
    for end, score in ((low, Z), (high, -Z)):
        assert abs(end) == 1 or paired_score(lost, won, images, end) == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("shares", [(0.02, 0.01), (0.04, 0.02), (0.05, 0.05), (0.1, 0.02), (0.01, 0.2), (0.3, 0.1)])
def test_intervals_hold_the_truth_as_often_as_they_say(shares: tuple[float, float]) -> None:
    # Exactly, over all that 50 pairs can show; Wald's held the first of these truths in 77 % of them.
    counts = np.array([(lost, won, 50 - lost - won) for lost in range(51) for won in range(51 - lost)])
    intervals = np.array([paired_interval(lost, won, 50) for lost, won, _ in counts.tolist()])
    truth, weights = shares[0] - shares[1], multinomial.pmf(counts, 50, [*shares, 1 - sum(shares)])
    assert weights[(intervals[:, 0] <= truth) & (truth <= intervals[:, 1])].sum() > 0.93


def images(names: str, actual: str = "cat") -> pd.DataFrame:
    return pd.DataFrame({"sha256": list(names), "actual": actual, "place": range(len(names))})


def test_images_are_found_wherever_they_stand() -> None:
    both = same_images(images("abcd"), images("xdba"))
    assert both["sha256"].tolist() == ["a", "b", "d"]
    assert both["place_first"].tolist() == [0, 1, 3]
    assert both["place_second"].tolist() == [3, 2, 1]


def test_a_photograph_that_occurs_twice_is_two_images() -> None:
    assert same_images(images("aab"), images("aaa"))["sha256"].tolist() == ["a", "a"]


def test_a_photograph_with_another_label_is_another_image() -> None:
    assert same_images(images("ab"), images("ab", "dog")).empty
