"""What cannot be served does not become the champion: each kind of it is told from the others, in a line."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.error_rates import predict, prediction_table
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.promotion.decision import Decision, Verdict
from alexnet_pipe.promotion.rehearsal import failure, rehearsed
from tests.stores import light_and_dark, write_test_images

pytestmark = pytest.mark.slow

PROMOTED = Decision(Verdict.PROMOTED, "lower beyond chance", "alexnet@v0.0.1")


def lock(artifacts: Artifacts) -> None:
    """Have dvc.lock say that the model is what its training has left."""
    md5 = hashlib.md5(artifacts.model.read_bytes(), usedforsecurity=False).hexdigest()
    outputs = [{"path": "models/alexnet.keras", "md5": md5}]
    (artifacts.root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"train": {"outs": outputs}}}))


def candidate(classes: list[str], seed: int) -> Classifier:
    model = Classifier(classes, width=0.02, initialisation="he", input_scale=0.1, seed=seed)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    fc8 = model.network.get_layer("fc8").kernel
    fc8.assign(np.random.default_rng(seed).normal(0, 1, fc8.shape))
    return model


@pytest.fixture
def copy(tmp_path: Path) -> Checkout:
    """A checkout whose pipeline has run: 40 test images, dark and light by turns, and a model with its evaluation."""
    artifacts, store = Artifacts(tmp_path), light_and_dark(40)
    write_test_images(artifacts, store)
    model = candidate(list(store.classes), seed=1)
    save_model(artifacts.model, model)
    artifacts.predictions.parent.mkdir(parents=True)
    prediction_table(predict(FeatureNetwork(model), store), store).to_parquet(artifacts.predictions, index=False)
    lock(artifacts)
    return Checkout(tmp_path)


def test_what_answers_as_it_was_evaluated_is_promoted(copy: Checkout) -> None:
    assert rehearsed(copy, PROMOTED, PromotionParams()) is PROMOTED
    refused = replace(PROMOTED, verdict=Verdict.REFUSED)
    Artifacts(copy.root).model.unlink()
    assert rehearsed(copy, refused, PromotionParams()) is refused


def test_a_flipped_byte_keeps_the_champion(copy: Checkout) -> None:
    model = Artifacts(copy.root).model
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    decision = rehearsed(copy, PROMOTED, PromotionParams())
    assert (decision.verdict, decision.champion) == (Verdict.REFUSED, "alexnet@v0.0.1")
    assert decision.told == "alexnet.keras has other bytes than its training has left"


def test_a_file_that_cannot_be_loaded_is_told_by_its_own_reason(copy: Checkout) -> None:
    artifacts = Artifacts(copy.root)
    artifacts.model.write_bytes(artifacts.model.read_bytes()[:1000])
    lock(artifacts)
    told = failure(copy, PromotionParams())
    assert told is not None
    assert "\n" not in told
    assert told.startswith("alexnet.keras does not answer in a process of its own: ")
    assert "is not a model of this project, or is damaged" in told


def test_other_classes_are_told(copy: Checkout) -> None:
    artifacts = Artifacts(copy.root)
    save_model(artifacts.model, candidate(["class 1", "class 0"], seed=1))
    lock(artifacts)
    told = "it has other classes than the images that it was tested on"
    assert failure(copy, PromotionParams()) == f"alexnet.keras does not answer in a process of its own: {told}"


def test_answers_unlike_those_of_the_evaluation_are_told(copy: Checkout) -> None:
    artifacts = Artifacts(copy.root)
    save_model(artifacts.model, candidate(["class 0", "class 1"], seed=2))
    lock(artifacts)
    told = failure(copy, PromotionParams())
    assert told is not None
    assert told.startswith("its probabilities are up to 0.")
    assert told.endswith(" from those of its evaluation, more than 0.001")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (
            {"max_start_seconds": 0.01},
            r"its first answer takes \d[\d.]* s, more than promotion.max_start_seconds \(0.01\)",
        ),
        (
            {"max_answer_seconds": 1e-6},
            r"an answer takes \d[\d.e-]* s, more than promotion.max_answer_seconds \(1e-06\)",
        ),
        ({"max_memory_mib": 1.0}, r"it takes [1-9]\d\d MiB of memory, more than promotion.max_memory_mib \(1\)"),
    ],
)
def test_what_is_too_slow_or_too_large_is_told_with_the_limit(
    copy: Checkout, limits: dict[str, float], told: str
) -> None:
    found = failure(copy, PromotionParams(**limits))
    assert found is not None
    assert re.fullmatch(told, found)


def test_the_evaluations_table_is_looked_up_by_the_place_of_an_image(copy: Checkout) -> None:
    predictions = Artifacts(copy.root).predictions
    rows = pd.read_parquet(predictions)
    rows.iloc[::-1].to_parquet(predictions, index=False)
    assert failure(copy, PromotionParams()) is not None
