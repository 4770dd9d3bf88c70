"""The page says by what recipe a run was trained, and what was measured of that, and not of another."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.train import TrainParams, recipe
from alexnet_pipe.reporting.page import render_report
from alexnet_pipe.reporting.training_section import recipe_table, resumed_epochs
from tests.reporting.results import ORIGIN, PARAMETERS, made_up

IMAGES = "1a" * 16 + ".dir"
MODEL = ModelParams(input_scale=0.5)
TRAIN = TrainParams(optimizer="adamw", learning_rate=0.001, max_epochs=12)
MEASURED: dict[str, Any] = {
    "images": IMAGES,
    "params": recipe(MODEL, TRAIN),
    "seeds": 3,
    "configurations": {
        "recipe": {"params": {}, "seeds": 3, "top1_error": {"mean": 0.01, "margin": 0.002}, "difference": None},
        "sgd": {
            "params": {"train.optimizer": "sgd", "train.learning_rate": 0.01, "train.patience": 10},
            "seeds": 2,
            "top1_error": {"mean": 0.03, "margin": 0.005},
            "difference": {"mean": 0.02, "margin": None},
        },
    },
}


def test_a_resumed_step_lies_between_the_ends_of_epochs() -> None:
    history = pd.DataFrame({"epoch": [1, 2, 3], "step": [55, 109, 163]})
    assert resumed_epochs(history, [11, 109, 136]) == pytest.approx([0.2, 2, 2.5])


def test_each_departure_stands_once_with_what_was_measured_of_it() -> None:
    table = recipe_table(MEASURED, MODEL, TRAIN, IMAGES)
    sgd, scale, epochs = table["rows"]
    assert sgd["here"] == {"train.optimizer": "adamw", "train.learning_rate": 0.001}
    assert sgd["instead"] == {"train.optimizer": "sgd", "train.learning_rate": 0.01}
    assert sgd["found"]["difference"]["mean"] == 0.02
    assert epochs["instead"] == {"train.max_epochs": 90}
    assert scale == {"here": {"model.input_scale": 0.5}, "instead": {"model.input_scale": 1.0}, "found": None}


@pytest.mark.parametrize(
    ("changed", "train", "images"),
    [
        ({}, TRAIN, "2b" * 16),
        ({}, TRAIN, None),
        ({}, TrainParams(optimizer="adamw", learning_rate=0.002), IMAGES),
        ({"images": None}, TRAIN, None),
    ],
)
def test_what_was_measured_with_other_images_or_settings_does_not_count(
    changed: dict[str, Any], train: TrainParams, images: str | None
) -> None:
    table = recipe_table({**MEASURED, **changed}, MODEL, train, images)
    assert table["seeds"] == 0
    assert all(row["found"] is None for row in table["rows"])


def test_another_seed_counts() -> None:
    assert recipe_table(MEASURED, MODEL, TRAIN.model_copy(update={"seed": 5}), IMAGES)["seeds"] == 3


def test_the_published_recipe_has_no_rows() -> None:
    assert recipe_table(None, ModelParams(), TrainParams(), IMAGES)["rows"] == []


def test_the_page_shows_the_table() -> None:
    parameters = {**PARAMETERS, "model": MODEL.model_dump(), "train": TRAIN.model_dump()}
    page = render_report(replace(made_up(), experiments={"recipe": MEASURED}), parameters, ORIGIN)
    assert "this recipe itself: 1.00 ± 0.20 %" in page
    for cell in ("<td>adamw, 0.001</td>", "<td>1</td>", "2 of 3", "3.00 ± 0.50", "+2.00 ± ?", "not measured"):
        assert cell in page
    assert "It is the published one" not in page
    assert "is not measured: alexnet-pipe experiments recipe" in render_report(made_up(), parameters, ORIGIN)


def test_a_page_of_the_published_recipe_says_so() -> None:
    parameters = {**PARAMETERS, "model": ModelParams().model_dump(), "train": TrainParams().model_dump()}
    assert "It is the published one" in render_report(made_up(), parameters, ORIGIN)
