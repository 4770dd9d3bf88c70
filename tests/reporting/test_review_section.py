"""What a person should look at is shown with its picture, as long as it is so."""

from dataclasses import replace
from typing import Any

from alexnet_pipe.reporting.page import render_report
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.review_section import suspect_rows
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
