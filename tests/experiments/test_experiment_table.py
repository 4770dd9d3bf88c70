"""Means over seeds have t-intervals, and differences are paired by seed."""

import pytest

from alexnet_pipe.experiments.configurations import Configuration
from alexnet_pipe.experiments.table import experiment_rows, experiments_record, margin, mean_and_margin
from alexnet_pipe.params.load import Params

# Student's (1908) sleep data, the differences; t.test of R gives 1.58 and 0.7001142 to 2.4598858.
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]

CONFIGURATIONS = {"base": Configuration(), "other": Configuration(claim={"top1": 1.4, "top5": "> 1"})}


def errors(top1: float, top5: float | None = None) -> dict[str, float | None]:
    return {"top1_error_ten_view": top1, "top5_error_ten_view": top5}


def test_the_interval_is_students() -> None:
    assert margin(SLEEP) == pytest.approx((2.4598858 - 0.7001142) / 2, abs=1e-7)
    assert mean_and_margin(SLEEP) == "1.6 ± 0.9"


def test_two_values_have_an_interval_and_one_has_none() -> None:
    # Half of the distance, times the 97.5 % point of one degree of freedom, 12.706.
    assert mean_and_margin([1.0, 3.0]) == "2.0 ± 12.7"
    assert mean_and_margin([2.0], "+") == "+2.0 ± ?"
    assert mean_and_margin([]) == "–"
    assert mean_and_margin([-0.02, 0.0], "+") == "+0.0 ± 0.1"


def test_differences_are_paired_by_seed() -> None:
    # The seeds differ widely, the differences of 2 and 4 points do not.
    found = {"base": {1: errors(0.1), 2: errors(0.4)}, "other": {2: errors(0.44), 1: errors(0.12)}}
    base, other = experiment_rows(CONFIGURATIONS, 2, found)
    assert base == {
        "configuration": "base",
        "seeds": "2",
        "error": "top-1",
        "%": "25.0 ± 190.6",
        "difference": "",
        "paper": "",
    }
    assert (other["difference"], other["paper"]) == ("+3.0 ± 12.7", "+1.4")


def test_one_view_is_compared_with_the_ten_of_the_same_models() -> None:
    models = {1: errors(0.1) | {"top1_error": 0.12}, 2: errors(0.2) | {"top1_error": 0.22}}
    configurations = {"base": Configuration(), "one-view": Configuration(views=1)}
    base, one = experiment_rows(configurations, 2, {"base": models, "one-view": models})
    assert (base["%"], one["%"], one["difference"]) == ("15.0 ± 63.5", "17.0 ± 63.5", "+2.0 ± 0.0")


def test_what_failed_is_said_and_left_out_of_the_pairs() -> None:
    found = {"base": {1: errors(0.1)}, "other": {1: errors(0.2), 2: errors(0.4)}}
    base, other = experiment_rows(CONFIGURATIONS, 2, found)
    assert base["seeds"] == "1 of 2"
    assert other["difference"] == "+10.0 ± ?"
    nothing = experiment_rows(CONFIGURATIONS, 1, {"base": {}, "other": {1: errors(0.2)}})
    assert [row["%"] for row in nothing] == ["–", "20.0 ± ?"]
    assert nothing[1]["difference"] == "–"


@pytest.mark.parametrize(("top5", "shown"), [(None, False), (0.0, False), (0.05, True)])
def test_top_5_is_shown_where_it_says_something(top5: float | None, shown: bool) -> None:
    base = errors(0.3, 0.0 if top5 else top5)
    rows = experiment_rows(CONFIGURATIONS, 1, {"base": {1: base}, "other": {1: errors(0.4, top5)}})
    assert [row["error"] for row in rows] == ["top-1", "top-1", "top-5", "top-5"][: 4 if shown else 2]
    if shown:
        assert [rows[3][name] for name in ("%", "difference", "paper")] == [
            "5.0 ± ?",
            "+5.0 ± ?",
            "> 1",
        ]


def test_what_is_kept_are_shares_with_what_was_compared() -> None:
    found = {"base": {1: errors(0.1), 2: errors(0.4)}, "other": {2: errors(0.44)}}
    kept = experiments_record(CONFIGURATIONS, Params(), 2, found, "1a")
    assert (kept["images"], kept["seeds"]) == ("1a", 2)
    assert kept["params"]["train.learning_rate"] == 0.01
    assert "train.seed" not in kept["params"]
    base, other = kept["configurations"].values()
    assert base == {"params": {}, "seeds": 2, "top1_error": {"mean": 0.25, "margin": 1.905931}, "difference": None}
    assert (other["seeds"], other["difference"]) == (1, {"mean": 0.04, "margin": None})


def test_what_has_never_ended_has_no_mean() -> None:
    kept = experiments_record(CONFIGURATIONS, Params(), 1, {"base": {1: errors(0.1)}, "other": {}}, None)
    assert kept["configurations"]["other"] == {"params": {}, "seeds": 0, "top1_error": None, "difference": None}
