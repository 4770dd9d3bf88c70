"""Photographs get what the evaluation would say of them; files that cannot be used get a reason."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.evaluation.error_rates import predict
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.serving import predictions as module
from alexnet_pipe.serving.predictions import Prediction, predictions
from tests.stores import random_store

CLASSES = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.fixture(scope="module")
def model() -> Classifier:
    classifier = Classifier(CLASSES, width=0.05, initialisation="he", seed=4)
    classifier.mean.assign(np.full((256, 256, 3), 127.0))
    return classifier


def all_predictions(model: Classifier, files: list[Path]) -> list[Prediction]:
    return [prediction for batch in predictions(FeatureNetwork(model), files) for prediction in batch]


def test_predictions_are_those_of_the_evaluation_in_any_batches_and_among_refused_files(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = random_store(5, classes=len(CLASSES))
    expected = predict(FeatureNetwork(model), store).ten_view
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for file, image in zip(files, store.shards[0], strict=True):
        Image.fromarray(image).save(file)
    broken = [tmp_path / name for name in ("x", "y", "z")]
    for file in broken:
        file.write_text("no photograph")
    # Batches of two: one photograph of two, none of two, then two of two.
    monkeypatch.setattr(module, "BATCH", 2)
    found = all_predictions(model, [broken[0], files[0], *broken[1:], *files[1:]])
    assert [prediction.photograph for prediction in found if prediction.refusal] == broken
    usable = [prediction for prediction in found if not prediction.refusal]
    assert [prediction.photograph for prediction in usable] == files
    for prediction, classes, probabilities in zip(usable, expected.classes, expected.probabilities, strict=True):
        assert [name for name, _ in prediction.best] == [CLASSES[label] for label in classes]
        np.testing.assert_allclose([share for _, share in prediction.best], probabilities, rtol=1e-4)
        assert prediction.probabilities.keys() == set(CLASSES)
        assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_no_more_than_one_batch_is_read_ahead(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "photo.png"
    Image.new("RGB", (20, 20)).save(file)
    asked = count()
    files = (file for _ in range(9) if next(asked) >= 0)
    monkeypatch.setattr(module, "BATCH", 2)
    stream = predictions(FeatureNetwork(model), files)
    assert [len(next(stream)) for _ in range(3)] == [2, 2, 2]
    assert next(asked) == 6
