"""The page shows a few corruptions of every run, and all of them once they were measured for this model."""

from dataclasses import replace

import pytest

from alexnet_pipe.evaluation.corruptions import CORRUPTIONS
from alexnet_pipe.portable.training_summary import Summary
from alexnet_pipe.reporting.robustness_section import robustness_section, title
from tests.reporting.results import made_up
from tests.reporting.test_page import rendered

WHOLE = {
    "examples": 200,
    "clean": 20,
    "wrong": {name: {str(n): 20 * n for n in range(1, 6)} for name in CORRUPTIONS},
    "mean_corruption_error": 0.3,
    "mean_corruption_error_interval": {"low": 0.25, "high": 0.375},
    "weights_digest": "ab" * 32,
}


def test_a_run_shows_three_corruptions_and_how_to_measure_the_rest() -> None:
    page = " ".join(rendered(made_up()).split())
    assert "3 of 15 corruptions of Hendrycks and Dietterich (2019), at severity 3 of 5, on 9 test images" in page
    assert "corrupted 31.2 % (12.5 % to 50.0 %) in the mean" in page
    assert "<code>alexnet-pipe robustness</code> measures all" in page
    assert page.count('alt="A test image under') == 3


@pytest.mark.parametrize("digest", ["ab" * 32, "cd" * 32])
def test_all_are_shown_if_they_are_of_this_model(digest: str) -> None:
    page = " ".join(rendered(replace(made_up(), robustness={**WHOLE, "weights_digest": digest})).split())
    assert ("All 15 corruptions" in page) == (digest == "ab" * 32)
    assert page.count('alt="A test image under') == (15 if digest == "ab" * 32 else 3)


def test_rows_and_curve_are_those_of_the_counts() -> None:
    section = robustness_section(made_up(), WHOLE)
    assert (section["clean"], section["severities"]) == (0.1, [1, 2, 3, 4, 5])
    assert [error["error"] for error in section["rows"][0]["errors"].values()] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert section["rows"][0]["mean"] == pytest.approx(0.3)
    assert section["curve"] is not None
    assert robustness_section(made_up(), None)["curve"] is None


def test_corruptions_have_names_that_people_read() -> None:
    assert [title(name) for name in ("gaussian_noise", "jpeg_compression")] == ["Gaussian noise", "JPEG compression"]


def test_what_drift_is_found_by_is_shown_if_the_models_file_says_it() -> None:
    summary = Summary(
        images=500,
        held_out=256,
        quantiles={"brightness": [float(n) for n in range(65)]},
        fc7_mean=[1.0],
        fc7_deviation=[1.0],
        guesses=[0.5, 0.25, 0.25],
    )
    (row,) = robustness_section(replace(made_up(), summary=summary), None)["likeness"]
    assert (row["low"], row["median"], row["high"]) == (3, 32, 61)
    page = " ".join(rendered(replace(made_up(), summary=summary)).split())
    assert "what 500 training images were like, and what the network makes of 256 validation images" in page
    assert "What other photographs are compared with" not in rendered(made_up())
