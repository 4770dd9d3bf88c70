"""A slice that is worse than the rest is found, chance is not taken for one, and two models are compared by slice."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom

from alexnet_pipe.evaluation.significance import holm, wilson_interval
from alexnet_pipe.evaluation.slice_errors import _not_worse, differences_by_slice, errors_by_slice, told
from alexnet_pipe.evaluation.slices import SPLIT_ORIGIN, Slices, slices_of

CLASSES = 8


def table(images: int, random: np.random.Generator) -> pd.DataFrame:
    """Images of eight classes, with a brightness and a sharpness that have nothing to do with them."""
    measured = {name: random.uniform(0, 255, images) for name in ("brightness", "sharpness")}
    return pd.DataFrame({"actual": [f"class {n % CLASSES}" for n in range(images)], **measured})


def test_holms_correction_is_that_of_its_paper() -> None:
    # Sorted 0.01, 0.02, 0.03, 0.5 times 4, 3, 2, 1, and never less than the one before.
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.6, 0.9]) == [1, 1]
    assert holm([]) == []


@pytest.mark.parametrize(("wrong", "images"), [(0, 20), (3, 20), (9, 20), (20, 40), (40, 40)])
def test_the_test_against_the_rest_is_fishers(wrong: int, images: int) -> None:
    assert _not_worse(wrong, images, 50, 400) == pytest.approx(hypergeom.sf(wrong - 1, 400, 50, images), rel=1e-9)


def test_a_slice_has_its_error_beside_that_of_the_rest() -> None:
    slices = Slices(
        [("class", "class a"), ("class", "class b")], [np.arange(0, 30), np.arange(30, 100)], {"aspect": "why"}
    )
    wrong = np.zeros(100, bool)
    wrong[[1, 2, 3, 40]] = True
    found = errors_by_slice(slices, wrong)
    assert (found["examples"], found["looks"], found["left_out"]) == (
        100,
        2,
        {"split origin": SPLIT_ORIGIN, "aspect": "why"},
    )
    first, second = found["slices"]
    assert (first["images"], first["wrong"], first["error"], first["rest_error"]) == (30, 3, 0.1, 1 / 70)
    # 1 - 0.05 / 2 / 2 of the normal distribution: both intervals together.
    low, high = wilson_interval(3, 30, 2.241403)
    assert first["interval"] == {"low": pytest.approx(low, abs=1e-6), "high": pytest.approx(high, abs=1e-6)}
    assert first["p_value"] == pytest.approx(2 * hypergeom.sf(2, 100, 4, 30))
    assert second["p_value"] == pytest.approx(1, abs=0.02)
    assert found["worst"] == first


def test_a_ruined_class_and_a_ruined_kind_of_photograph_are_named() -> None:
    random = np.random.default_rng(1)
    images = table(1600, random)
    slices = slices_of(images)
    wrong = random.random(1600) < np.where(images["actual"] == "class 5", 0.3, 0.05)
    found = errors_by_slice(slices, wrong)
    assert found["worst"]["name"] == "class class 5"
    assert told(found).startswith("worst slice: class class 5, ")
    assert "beyond chance (p = " in told(found)
    wrong = random.random(1600) < np.where(images["brightness"] < np.quantile(images["brightness"], 0.25), 0.2, 0.05)
    assert errors_by_slice(slices, wrong)["worst"]["property"] == "brightness"


def test_where_no_slice_is_worse_few_test_sets_have_one_that_is_called_so() -> None:
    random, called, runs = np.random.default_rng(2), 0, 400
    for _ in range(runs):
        found = errors_by_slice(slices_of(table(640, random)), random.random(640) < 0.1)
        called += found["worst"]["p_value"] <= 0.05
        assert ("which chance may explain" in told(found)) == (found["worst"]["p_value"] > 0.05)
    assert called / runs <= 0.05
    assert called


def test_without_a_mistake_or_enough_images_no_slice_is_the_worst() -> None:
    slices = slices_of(table(640, np.random.default_rng(3)))
    assert told(errors_by_slice(slices, np.zeros(640, bool))) == (
        "no slice is worse than another: nothing is wrong in any of 16"
    )
    assert "no slice has 20 images" in told(
        errors_by_slice(slices_of(table(16, np.random.default_rng(3))), np.ones(16, bool))
    )


def test_two_models_are_compared_by_slice() -> None:
    random = np.random.default_rng(4)
    images = table(1600, random)
    first = pd.Series(random.random(1600) < 0.05)
    second = first | ((images["actual"] == "class 2") & (random.random(1600) < 0.15))
    rows = differences_by_slice(slices_of(images), first, second)
    lost, *others = rows
    assert (lost.name, lost.comparison.images, lost.comparison.won) == ("class class 2", 200, 0)
    assert lost.p_value < 0.05
    assert 0 < lost.low < lost.comparison.difference[0] < lost.high
    assert [row.comparison.lost for row in others if row.property == "class"] == [0] * 7
    assert all(row.p_value == 1 for row in others if row.property == "class")
