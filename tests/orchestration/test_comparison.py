"""Two models are compared image by image, on the same images only."""

import pandas as pd
import pytest

from alexnet_pipe.orchestration.promotion.comparison import Comparison, compare


def results(right: str, images: str = "abcd") -> pd.DataFrame:
    """One row for each of `images`; those named in `right` are predicted right."""
    rows = [(image, "cat", "cat" if image in right else "dog") for image in images]
    return pd.DataFrame(rows, columns=["sha256", "actual", "predicted"])


def test_errors_and_disagreements_are_counted_in_pairs() -> None:
    found = compare(champion=results("ab"), challenger=results("bcd"))
    assert found == Comparison(images=4, champion_errors=2, challenger_errors=1, lost=1, won=2)


def test_the_order_of_the_images_does_not_matter() -> None:
    assert compare(results("ab"), results("bcd").iloc[::-1]) == compare(results("ab"), results("bcd"))


@pytest.mark.parametrize("images", ["abc", "abcde", "abcx", "abcdd"])
def test_other_images_cannot_be_compared(images: str) -> None:
    assert compare(results("ab"), results("ab", images)) is None


def test_the_same_images_with_other_labels_cannot_be_compared() -> None:
    assert compare(results("ab"), results("ab").replace({"actual": {"cat": "dog"}})) is None


def test_mcnemars_test_is_exact_and_one_sided() -> None:
    # Of 11 coins at least 9 heads: (55 + 11 + 1) of 2,048 ways.
    assert Comparison(100, 20, 13, lost=2, won=9).p_value == pytest.approx(67 / 2048)
    assert Comparison(100, 13, 20, lost=9, won=2).p_value == pytest.approx(1 - 12 / 2048)
    assert Comparison(100, 13, 13, lost=0, won=0).p_value == 1.0


def test_the_difference_has_an_interval() -> None:
    # Wald's interval for paired shares: 1.96 · √(11 − 49/100) / 100.
    assert Comparison(100, 20, 13, lost=2, won=9).difference == pytest.approx((-0.07, -0.13354, -0.00646), abs=1e-5)
