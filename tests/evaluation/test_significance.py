"""Two models are compared image by image."""

import pandas as pd
import pytest
from scipy.stats import binom

from alexnet_pipe.evaluation.significance import Comparison, paired, same_images


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
    assert (same.p_value, same.p_value_lower, same.difference) == (1.0, 1.0, (0, 0, 0))


def test_the_difference_has_an_interval() -> None:
    # Wald's interval for paired shares: 1.96 · √(11 − 49/100) / 100.
    assert Comparison(100, 20, 13, lost=2, won=9).difference == pytest.approx((-0.07, -0.13354, -0.00646), abs=1e-5)


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
