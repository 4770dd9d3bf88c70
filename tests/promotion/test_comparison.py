"""Champion and challenger are compared on the same images only."""

import pandas as pd
import pytest

from alexnet_pipe.evaluation.significance import Comparison
from alexnet_pipe.promotion.comparison import compare


def results(right: str, images: str = "abcd") -> pd.DataFrame:
    """One row for each of `images`; those named in `right` are predicted right."""
    rows = [(image, "cat", "cat" if image in right else "dog") for image in images]
    return pd.DataFrame(rows, columns=["sha256", "actual", "predicted"])


def test_errors_and_disagreements_are_counted_in_pairs() -> None:
    found = compare(champion=results("ab"), challenger=results("bcd"))
    assert found == Comparison(images=4, first_errors=2, second_errors=1, lost=1, won=2)


def test_the_order_of_the_images_does_not_matter() -> None:
    assert compare(results("ab"), results("bcd").iloc[::-1]) == compare(results("ab"), results("bcd"))


@pytest.mark.parametrize("images", ["abc", "abcde", "abcx", "abcdd"])
def test_other_images_cannot_be_compared(images: str) -> None:
    assert compare(results("ab"), results("ab", images)) is None


def test_the_same_images_with_other_labels_cannot_be_compared() -> None:
    assert compare(results("ab"), results("ab").replace({"actual": {"cat": "dog"}})) is None
