"""Errors stand beside others of the same data, and a certificate counts for its own model."""

from dataclasses import replace

import pytest

from alexnet_pipe.reporting.published import published_errors
from alexnet_pipe.reporting.result import result_section
from tests.reporting.results import CERTIFICATE, ORIGIN, PARAMETERS, made_up


@pytest.mark.parametrize(
    ("source", "location", "top1_errors"),
    [
        ("imagenet", "tars", [0.375, 0.407, 0.429]),
        ("kaggle", "tongpython/cat-and-dog/versions/1", [0.130, 0.042]),
        ("kaggle", "other/data/versions/1", []),
        ("directory", "photographs", []),
        ("sample", None, []),
    ],
)
def test_published_errors_are_those_of_the_same_data(
    source: str, location: str | None, top1_errors: list[float]
) -> None:
    found = published_errors({"source": source, "location": location})
    assert [row.top1_error for row in found] == top1_errors


def test_the_published_share_of_right_answers_is_the_published_count() -> None:
    from_scratch = published_errors({"source": "kaggle", "location": "tongpython/cat-and-dog/versions/1"})[0]
    assert from_scratch.top1_error == pytest.approx(1 - 1760 / 2023, abs=5e-4)


def test_an_error_changes_by_its_difference_from_the_last_commit() -> None:
    section = result_section(made_up(), PARAMETERS, ORIGIN)
    changes = {error["views"]: error["change"] for error in section["errors"]}
    # The commit has an error of one view only, 0.5.
    assert changes == {"ten views": None, "one view": pytest.approx(1 / 3 - 1 / 2)}


def test_a_commit_without_metrics_is_compared_with_nothing() -> None:
    assert ORIGIN.commit
    origin = replace(ORIGIN, commit=replace(ORIGIN.commit, test_metrics=None))
    section = result_section(made_up(), PARAMETERS, origin)
    assert {error["change"] for error in section["errors"]} == {None}


def test_only_a_certificate_of_this_model_counts() -> None:
    mine, other = CERTIFICATE, {**CERTIFICATE, "weights_digest": "other"}
    for certificate, counts in ((mine, mine), (other, None), ({}, None)):
        section = result_section(replace(made_up(), certificate=certificate), PARAMETERS, ORIGIN)
        assert section["certificate"] == counts
