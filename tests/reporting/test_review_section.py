"""What a person should look at is shown with its picture, as long as it is so."""

from dataclasses import replace
from typing import Any

from alexnet_pipe.reporting.page import render_report
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.review_section import copies_section, suspect_rows
from tests.reporting.results import HOSTILE, ORIGIN, PARAMETERS, made_up


def with_suspects(weights: str = "ab" * 32, **changes: Any) -> Results:
    results = made_up()
    first = {"member": HOSTILE, "sha256": results.test.rows["sha256"][4], "split": "test", "quality": 0.0125}
    told = {
        "weights_digest": weights,
        "folds": 5,
        "photographs": {"train": 4, "validation": 3, "test": 9},
        "found": {"train": 1, "validation": 0, "test": 2},
        "suspects": [{**first, "given": "class 1", "suspected": "class 2", **changes}],
    }
    return replace(results, suspects=told)


def test_a_suspected_label_has_its_picture_and_its_name_is_text() -> None:
    results = with_suspects()
    (row,) = suspect_rows(results)
    assert (row["pixels"] == results.test[4]).all()
    page = render_report(results, PARAMETERS, ORIGIN)
    assert "3 of 16 labels are probably wrong" in page
    assert "A photograph labelled class 1, perhaps class 2" in page
    assert "2 more are in" in page
    assert HOSTILE not in page


def test_what_is_gone_or_has_another_label_now_is_left_out() -> None:
    assert suspect_rows(with_suspects(sha256="f" * 64)) == []
    assert suspect_rows(with_suspects(given="class 2")) == []
    assert suspect_rows(with_suspects(given="no class any more")) == []


def test_what_was_found_with_another_model_is_not_shown() -> None:
    page = render_report(with_suspects(weights="cd" * 32), PARAMETERS, ORIGIN)
    assert "Nobody has looked since this training" in page
    assert "labels are probably wrong" not in page


def test_near_copies_are_shown_in_pairs_with_the_error_of_each_part() -> None:
    results = made_up()
    shown = copies_section(results)
    (pair,) = shown["by_hash"]
    assert (pair["sides"][0]["pixels"] == results.test[2]).all()
    assert (pair["sides"][1]["pixels"] == results.train[1]).all()
    assert (pair["measure"], pair["same"]) == (7, False)
    (pair,) = shown["by_fc7"]
    assert (pair["sides"][0]["pixels"] == results.test[4]).all()
    assert shown["errors"][0] == ("with a near copy by difference hash", 4, 0.125, {"low": 0.0625, "high": 0.375})
    page = render_report(results, PARAMETERS, ORIGIN)
    assert "class 2 ≠ class 1" in page
    assert "0.83 of details" in page


def test_a_data_set_without_near_copies_has_no_pictures_of_them() -> None:
    results = made_up()
    none = replace(results, near_duplicates=results.near_duplicates.head(0), near_copies=results.near_copies.head(0))
    errors = dict.fromkeys(("top1_error_ten_view_with_near_copy", "top1_error_ten_view_with_near_copy_interval"))
    none.test_metrics.update(errors, examples_with_near_copy=0)
    page = render_report(none, PARAMETERS, ORIGIN)
    assert "0 pairs look alike" in page
    assert 'class="twins"' not in page
