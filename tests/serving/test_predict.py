"""Photographs get what the evaluation would say of them; files that cannot be used get a reason."""

import os
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.errors import UserError
from alexnet_pipe.evaluation.predict import predict
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.preparation.resize import resize
from alexnet_pipe.serving import predict as module
from alexnet_pipe.serving.photographs import files_in, prepared
from alexnet_pipe.serving.predict import Prediction, predictions
from tests.preparation.photographs import landscape, noise
from tests.stores import random_store

CLASSES = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.fixture(scope="module")
def model() -> Classifier:
    classifier = Classifier(CLASSES, width=0.05, initialisation="he", seed=4)
    classifier.mean.assign(np.full((256, 256, 3), 127.0))
    return classifier


def all_predictions(model: Classifier, files: list[Path]) -> list[Prediction]:
    return [prediction for batch in predictions(model, files) for prediction in batch]


def refusal(path: Path, **resize: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        prepared(path, ResizeParams(**resize))
    return caught.value


def test_predictions_are_those_of_the_evaluation_in_any_batches_and_among_refused_files(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = random_store(5, classes=len(CLASSES))
    expected = predict(model, store).ten_view
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
        assert list(prediction.probabilities) == [CLASSES[label] for label in classes]
        np.testing.assert_allclose(list(prediction.probabilities.values()), probabilities, rtol=1e-4)


def test_no_more_than_one_batch_is_read_ahead(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "photo.png"
    Image.new("RGB", (20, 20)).save(file)
    asked = count()
    files = (file for _ in range(9) if next(asked) >= 0)
    monkeypatch.setattr(module, "BATCH", 2)
    stream = predictions(model, files)
    assert [len(next(stream)) for _ in range(3)] == [2, 2, 2]
    assert next(asked) == 6


@pytest.mark.parametrize("policy", ["crop", "squash"])
def test_photographs_are_prepared_as_the_pipeline_prepares_them(policy: str, tmp_path: Path) -> None:
    picture = landscape(400, 300)
    picture.save(tmp_path / "photo.png")
    pixels = prepared(tmp_path / "photo.png", ResizeParams.model_validate({"policy": policy}))
    np.testing.assert_array_equal(pixels, resize(picture, policy))


def test_files_are_refused_for_the_pipelines_reasons_and_within_its_limits(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(noise(20, 30, 3)).save(photo)
    assert prepared(photo, ResizeParams()).shape == (256, 256, 3)
    assert refusal(photo, min_side=21).reason == "too small"
    assert refusal(photo, max_pixels=599).reason == "too many pixels"
    photo.write_bytes(photo.read_bytes()[:500])
    assert refusal(photo).reason == "truncated"


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    assert str(refusal(tmp_path / "pipe")) == "unreadable: not a regular file"
    assert refusal(tmp_path / "link").reason == refusal(tmp_path / "gone").reason == "missing"


def test_a_folder_stands_for_the_visible_files_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/10.jpg", "a.jpg", "b/.hidden", "c/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = [tmp_path / "z.jpg", tmp_path]
    assert files_in(named) == [tmp_path / name for name in ("z.jpg", "a.jpg", "b/10.jpg", "b/2.jpg")]
    with pytest.raises(UserError, match=r"c: no file in there: name photographs, or a folder with some$"):
        files_in([tmp_path / "c"])
