"""The head of the card is what Hugging Face's hub takes, and has the errors and calibration of the test."""

from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard

from alexnet_pipe.params.load import Params
from alexnet_pipe.reporting.card_header import card_header
from alexnet_pipe.reporting.page import model_card
from tests.reporting.results import ORIGIN, made_up

PARAMETERS = Params().model_dump()
SAMPLE = {"source": "sample", "location": None, "version": "240 images a class"}
KAGGLE = {"source": "kaggle", "location": "tongpython/cat-and-dog/versions/1", "version": "1"}
OWN = {"source": "directory", "location": "---\nlicense: apache-2.0 # \u202e", "version": "a: [b]\n--- \N{CAT FACE}"}


def read(source: dict[str, Any], classes: int = 3) -> ModelCard:
    """By the hub's own library, which needs no network for it."""
    return ModelCard(model_card(made_up(classes), PARAMETERS, source, ORIGIN), ignore_metadata_errors=False)


def results(source: dict[str, Any], classes: int = 3) -> dict[str, EvalResult]:
    found = read(source, classes).data.eval_results
    assert found
    return {each.metric_name: each for each in found}


def test_the_hub_reads_what_it_is_and_how_often_it_is_right() -> None:
    data = read(SAMPLE).data
    assert (data.license, data.library_name, data.pipeline_tag) == ("mit", "keras", "image-classification")
    assert data.datasets == ["embedded-sample"]
    assert {"accuracy", "expected_calibration_error"} <= set(data.metrics)
    assert data.model_name == "AlexNet (paper, width 1)"
    found = results(SAMPLE)
    right = found["top-1 accuracy, ten views"]
    assert right.metric_type == "accuracy"
    assert right.metric_value == pytest.approx(2 / 3, abs=1e-6)
    assert (right.task_type, right.dataset_split, right.dataset_revision) == (
        "image-classification",
        "test",
        "240 images a class",
    )
    calibrated = found["expected calibration error, ten views, with the fitted temperature"]
    assert calibrated.metric_value == pytest.approx(1 / 30, abs=1e-6)


def test_what_says_nothing_of_few_classes_has_no_row() -> None:
    assert not [name for name in results(SAMPLE, 3) if name.startswith("top-5")]
    assert [name for name in results(SAMPLE, 6) if name.startswith("top-5")] == [
        "top-5 accuracy, one centre view",
        "top-5 accuracy, ten views",
    ]


@pytest.mark.parametrize(
    ("source", "data"), [(KAGGLE, "tongpython/cat-and-dog"), (OWN, "own-photographs"), (SAMPLE, "embedded-sample")]
)
def test_data_of_others_give_no_licence_and_their_names_no_lines(source: dict[str, Any], data: str) -> None:
    card = read(source)
    assert card.data.license == ("mit" if source is SAMPLE else "unknown")
    assert card.data.datasets == [data]
    assert card.text.lstrip().startswith("# Model card: AlexNet for 3 classes")
    revisions = {each.dataset_revision for each in card.data.eval_results or []}
    assert revisions == {
        {"kaggle": "1", "directory": "a: [b]\\n--- \N{CAT FACE}"}.get(source["source"], "240 images a class")
    }
    assert "\u202e" not in card_header(made_up().test_metrics, PARAMETERS, source)
