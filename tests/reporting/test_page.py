"""The page is one file, the same every time, and survives odd data."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from alexnet_pipe.reporting.origin import Provenance
from alexnet_pipe.reporting.page import render_report
from alexnet_pipe.reporting.results import Results, published_errors
from alexnet_pipe.reporting.templates import percent
from tests.reporting.results import CERTIFICATE, FORMS, HOSTILE, ORIGIN, PARAMETERS, made_up


def rendered(results: Results, origin: Provenance = ORIGIN, **changes: dict[str, Any]) -> str:
    parameters = {name: {**section, **changes.get(name, {})} for name, section in PARAMETERS.items()}
    return render_report(results, parameters, origin)


@pytest.fixture(scope="module")
def page() -> str:
    return rendered(made_up())


def test_the_page_asks_for_no_other_file(page: str) -> None:
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "http:" not in page
    assert "https:" not in page
    assert not re.search(r"url\((?!#)", page)


def test_equal_results_make_equal_bytes(page: str) -> None:
    assert rendered(made_up()) == page


def test_names_from_the_world_are_text_not_markup(page: str) -> None:
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)" in page


def test_errors_digests_refused_files_and_parameters_are_shown(page: str) -> None:
    shown = ["33.3\xa0%", "25.0\xa0%", "45.0\xa0%", "ab" * 32, "1a" * 16, "2b" * 16, "3c" * 32, "c0de" * 4]
    for text in [*shown, "12345678" * 5, "keras 3.0", "not an image", "train.seed"]:
        assert text in page


def test_top5_error_of_few_classes_is_left_out_with_an_explanation(page: str) -> None:
    assert "With five classes or fewer" in page
    assert '<th scope="row">top-5</th>' not in page


def test_the_last_commit_stands_beside_this_run(page: str) -> None:
    assert 'class="n">1234567</th>' in page
    assert "50.0\xa0%" in page
    # The commit has an error of one view only, 0.5.
    assert re.findall(r"[\d.]+ points \w+ than commit \w+", page) == ["16.7 points lower than commit 1234567"]


def test_a_commit_without_metrics_is_compared_with_nothing() -> None:
    assert ORIGIN.commit
    page = rendered(made_up(), replace(ORIGIN, commit=replace(ORIGIN.commit, test_metrics=None)))
    assert "than commit" not in page
    assert "change, points" not in page


def test_a_commit_that_was_tested_on_other_images_is_named_and_compared_with_nothing() -> None:
    assert ORIGIN.commit
    page = rendered(made_up(), replace(ORIGIN, commit=replace(ORIGIN.commit, same_images=False)))
    assert "than commit" not in page
    assert "change, points" not in page
    assert "Commit 1234567 was tested on other images, so that its errors say nothing beside these." in page


@pytest.mark.parametrize("digest", ["ab" * 32, "other"])
def test_only_a_certificate_of_this_model_counts(digest: str) -> None:
    page = rendered(replace(made_up(), certificate={**CERTIFICATE, "weights_digest": digest}))
    assert ("What came out the same" in page) == (digest == made_up().train_metrics["weights_digest"])
    assert ("nobody has signed the model" in page) == ("What came out the same" in page)


def test_a_certificate_from_before_there_were_papers_is_shown() -> None:
    page = rendered(replace(made_up(), certificate={key: CERTIFICATE[key] for key in CERTIFICATE if key != "papers"}))
    assert "What came out the same" in page
    assert "Papers that go with it" not in page


@pytest.mark.parametrize("digest", ["ab" * 32, "other"])
def test_fewer_bits_are_shown_of_this_model_alone(digest: str) -> None:
    page = rendered(replace(made_up(), forms={**FORMS, "weights_digest": digest}))
    assert ("The same network in fewer bits" in page) == (digest == made_up().train_metrics["weights_digest"])
    for cell in (
        ">+0.20</td>",
        ">-0.10</td>",
        ">+0.40</td>",
        ">123</td>",
        ">71.8</td>",
        "on a small one, ONNX Runtime 1.2.3",
    ):
        assert (cell in page) == (digest == made_up().train_metrics["weights_digest"]), cell


def test_what_is_not_certified_not_published_and_was_resumed_is_said(page: str) -> None:
    assert "is not certified" in page
    assert "No one else has published" in page
    assert "went on after step 2 " in page


def test_another_run_says_the_opposite_of_all_that() -> None:
    results = made_up(classes=6)
    unbroken = {**results.train_metrics, "resumed_at_steps": []}
    results = replace(results, train_metrics=unbroken, certificate=CERTIFICATE, rejected=results.rejected.head(0))
    page = rendered(results, dataset={"source": "imagenet"}, train={"colour_shift": 0})
    assert '<th scope="row">top-5</th>' in page
    assert "What came out the same" in page
    assert "37.5\xa0%" in page
    assert "noted files</h3>\n<p>None.</p>" in page
    assert "It is off in this run" in page
    for text in ("With five classes or fewer", "is not certified", "has published", "went on after"):
        assert text not in page


def test_nothing_is_known_of_a_folder_without_git_and_dvc_and_it_makes_a_page_too() -> None:
    page = rendered(made_up(), Provenance(None, "c0de", {}, None, {}))
    assert '<th scope="row">git</th>' not in page
    assert '<th scope="row">dvc.lock</th>' not in page
    assert "change, points" not in page


@pytest.mark.parametrize(
    "changes",
    [{"mistakes": False}, {"classes": 2, "images": 2}, {"epochs": 1, "kernels": 6}, {"classes": 7, "images": 3}],
)
def test_odd_results_make_a_page_too(changes: dict[str, int]) -> None:
    assert "</html>" in rendered(made_up(**changes))


def test_a_thousand_classes_stay_small() -> None:
    page = rendered(made_up(classes=1000, images=300))
    assert len(page) < 10_000_000
    assert page.count("<tr>") < 300


def test_a_share_that_is_not_known_is_a_dash() -> None:
    assert percent(None) == "–"


@pytest.mark.parametrize(
    ("train", "told"),
    [
        ({"patience": 7}, "divided by ten when the validation error has not fallen for 7 epochs."),
        (
            {"schedule": "linear", "warmup_epochs": 1.0},
            "falls linearly, to 0 at the end of the epochs that were planned, after",
        ),
    ],
)
def test_the_rule_of_the_rate_is_that_of_the_run(train: dict[str, Any], told: str) -> None:
    assert told in rendered(made_up(), train=train)


def test_the_stage_needs_no_tensorflow() -> None:
    code = "import sys, alexnet_pipe.stages.report; print(*sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_every_picture_says_in_words_what_is_seen(page: str) -> None:
    pictures = re.findall(r"<img[^>]*>", page)
    assert pictures
    assert all(re.search(r'alt="[^"]{8,}"', picture) for picture in pictures)
    drawings = re.findall(r'<(?:div|svg)[^>]*role="img"[^>]*>', page)
    assert len(drawings) == page.count("<svg")
    assert all(re.search(r'aria-label="[^"]{20,}"', drawing) for drawing in drawings)


def test_no_two_parts_of_the_page_have_the_same_name(page: str) -> None:
    names = Counter(re.findall(r' id="([^"]+)"', page))
    assert [name for name, times in names.items() if times > 1] == []


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
