"""The model card says what the model is and is not for, and stays Markdown whatever files and classes are called."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from alexnet_pipe.params.load import Params
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.reporting.page import model_card
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import plain
from tests.reporting.results import FORMS, ORIGIN, made_up

PARAMETERS = Params().model_dump()
SAMPLE = {"source": "sample", "location": None, "version": "240 images a class"}
HOSTILE = "<script>alert(1)</script> | `a` *b* _c_ [d](http://e) :f: $g$ \\ ![h](i)\n# j\u202ek"
ERROR = "33.3\u00a0%"
SHOWN = "<script>alert(1)</script> | `a` *b* _c_ [d](http://e) :f: $g$ \\ ![h](i) # j�k"


def results(count: int = 3, images: int = 9, name: str = "class {}") -> Results:
    """The first class is never predicted, and the others do the better the later they come; the last has no images."""
    made = made_up(count, images)
    made.test.classes = tuple(name.format(n) for n in range(count))
    recall = np.append(np.linspace(0, 1, count - 1), np.nan)
    table = {"images": [20] * (count - 1) + [0], "precision": [np.nan, *recall[1:]], "recall": recall}
    return replace(made, classes=pd.DataFrame({**table, "top1_error": 1 - recall}))


def card(made: Results, source: dict[str, Any] = SAMPLE) -> str:
    return model_card(made, PARAMETERS, source, ORIGIN)


def cells(markdown: str) -> list[list[str]]:
    """The rows of all tables, as a reader of Markdown sees them."""
    rows: list[list[str]] = []
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("td_open", "th_open"):
            children = token.children or []
            rows[-1].append("".join(child.content for child in children if child.type in ("text", "code_inline")))
    return rows


def test_errors_classes_limits_and_digests_are_there() -> None:
    text = card(results(6))
    rows = cells(text)
    assert ["top-1", f"{ERROR} (25.0\u00a0% to 45.0\u00a0%)", f"{ERROR} (25.0\u00a0% to 45.0\u00a0%)"] in rows
    assert [row for row in rows if row[0].startswith("class ")] == [
        ["class 0", "20", "–", "0.0\u00a0%"],
        ["class 1", "20", "25.0\u00a0%", "25.0\u00a0%"],
        ["class 2", "20", "50.0\u00a0%", "50.0\u00a0%"],
        ["class 3", "20", "75.0\u00a0%", "75.0\u00a0%"],
        ["class 4", "20", "100.0\u00a0%", "100.0\u00a0%"],
    ]
    for digest in ("ab" * 32, "1a" * 16 + ".dir", "2b" * 16, "c0de" * 4):
        assert any(digest in row for row in rows)
    assert "1 file was refused (not an image 1)" in text
    assert "guessing would have a top-5 error of 16.7\u00a0%" in text
    assert "one of them more or less right moves its recall by 5.0\u00a0%" in text
    assert ["expected calibration error", *["3.3\u00a0% (1.0\u00a0% to 25.0\u00a0%)"] * 2] in rows
    # Nine images, about 70 % sure of each, six of them right.
    assert "it says 70.0\u00a0% on average and is\n  right on 66.7\u00a0% (ten views)" in text
    assert "calibration error from\n  13.3\u00a0% to 3.3\u00a0% (15 bins of equal width; chance alone would" in text
    assert "sharpness of the photographs: worst slice: class class 5, 5 of 40 wrong, 12.50%" in text.replace("\\", "")
    assert "dvc artifacts get REPOSITORY alexnet-card --stage prod" in text
    assert "author    = {Krizhevsky, Alex and Sutskever, Ilya and Hinton, Geoffrey E.}" in text


def test_fewer_bits_have_their_lines_where_they_were_measured() -> None:
    rows = cells(card(replace(results(), forms=FORMS)))
    assert ["float32", "2.0", "25.0\u00a0%", "–", "71.8"] in rows
    assert ["int8", "0.5", "25.0\u00a0%", "+0.20 (-0.10 to +0.40), p = 0.5", "71.8"] in rows
    assert "fewer bits" not in card(results())
    assert "fewer bits" not in card(replace(results(), forms={**FORMS, "weights_digest": "other"}))


def test_what_a_run_varied_is_named_and_nothing_else() -> None:
    assert "in the paper: random crops, mirror images, colour shifts along" in card(results())
    plain = {**PARAMETERS, "train": PARAMETERS["train"] | {"colour_shift": 0, "mirror": False, "dropout": 0.0}}
    assert "as in the paper: random crops. All" in model_card(results(), plain, SAMPLE, ORIGIN)
    more = {**PARAMETERS, "train": PARAMETERS["train"] | {"crop_area": 0.35, "label_smoothing": 0.1}}
    assert "; besides, boxes of other sizes and shapes, label smoothing. All" in model_card(
        results(), more, SAMPLE, ORIGIN
    )


@pytest.mark.parametrize(
    ("optimizer", "name"), [("sgd", "stochastic gradient descent"), ("lars", "LARS"), ("adamw", "AdamW")]
)
def test_the_optimizer_is_named(optimizer: str, name: str) -> None:
    train = TrainParams(optimizer=optimizer, batch_size=256)
    rows = cells(model_card(results(), {**PARAMETERS, "train": train.model_dump()}, SAMPLE, ORIGIN))
    assert [row[0] for row in rows if row[-1].startswith("batch 256, rate 0.01 at first")] == [name]


def test_top5_error_of_few_classes_is_a_dash_and_explained() -> None:
    text = card(results(3))
    assert ["top-5", "–", "–"] in cells(text)
    assert "With five classes or fewer" in text


def test_of_a_thousand_classes_the_worst_and_the_best_are_listed() -> None:
    text = card(results(1000, 300))
    named = [row[0] for row in cells(text) if row[0].startswith("class ")]
    assert named == [f"class {n}" for n in [*range(20), *range(979, 999)]]
    assert "Of 999 classes, those with the lowest recall" in text
    assert len(text) < 10_000


def test_names_from_the_world_are_shown_as_they_are() -> None:
    text = card(results(2, name=HOSTILE + " {}"), {"source": "directory", "location": HOSTILE, "version": "1"})
    assert [f"{SHOWN} 0", "20", "–", "0.0\u00a0%"] in cells(text)
    assert "<script>" not in text
    assert plain("class 1, cats-and-dogs/é") == "class 1, cats-and-dogs/é"


def test_the_same_results_make_the_same_card_however_long_the_run_took() -> None:
    made = results()
    first = card(made)
    made.train_metrics.update(seconds=1e6, images_per_second=1e3)
    assert card(made) == first


@pytest.mark.parametrize(
    ("source", "location", "said"),
    [
        ("sample", None, "that this project draws by itself, not photographs"),
        ("directory", "photographs", "Labelled photographs of the user's own, from photographs."),
        ("kaggle", "a/b/versions/2", "<https://www.kaggle.com/datasets/a/b>"),
        ("imagenet", "tars", "ImageNet's published archives, from tars."),
        ("url", "https://example.org/a.zip", r"An archive, from https\://example.org/a.zip."),
    ],
)
def test_every_source_is_named(source: str, location: str | None, said: str) -> None:
    text = card(results(), {"source": source, "location": location, "version": "7"})
    assert said in text
    assert "Version: 7." in text
    assert "Labels from" not in text
    assert ("sample's pictures" in text) == (source == "sample")


def test_labels_that_are_not_folders_are_named() -> None:
    labels = "labels.csv, column " + HOSTILE
    text = card(results(), {"source": "directory", "location": "pets", "version": "7", "labels": labels})
    assert "Version: 7. Labels from labels.csv, column " in text
    assert HOSTILE not in text
