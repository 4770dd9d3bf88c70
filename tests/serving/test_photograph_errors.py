"""Models on labelled photographs: each as the pipeline would evaluate it, and all together by their mean softmax."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.evaluation.error_rates import error_metrics, predict
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving import photograph_errors as module
from alexnet_pipe.serving.named_files import prepared
from alexnet_pipe.serving.photograph_errors import common_classes, photograph_errors
from alexnet_pipe.store.image_store import ImageStore
from tests.preparation.photographs import landscape
from tests.stores import random_store

CLASSES = ["a", "b", "c", "d", "e", "f", "g"]


def network(seed: int, classes: list[str] = CLASSES, policy: str = "crop") -> FeatureNetwork:
    resize = {"policy": policy, "background": "white"}
    model = Classifier(classes, resize=resize, width=0.05, initialisation="he", seed=seed)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    return FeatureNetwork(model)


@pytest.fixture(scope="module")
def models() -> list[FeatureNetwork]:
    """The second has its classes in another order."""
    return [network(4), network(5, CLASSES[::-1])]


@pytest.fixture(scope="module")
def store() -> ImageStore:
    return random_store(9, classes=len(CLASSES))


@pytest.fixture
def photographs(tmp_path: Path, store: ImageStore) -> list[tuple[Path, int]]:
    """The store's images as files."""
    files = [tmp_path / f"{number}.png" for number in range(len(store))]
    for file, image in zip(files, store.shards[0], strict=True):
        Image.fromarray(image).save(file)
    return list(zip(files, map(int, store.labels), strict=True))


def refuse_nothing(path: Path, refusal: RefusedError) -> None:
    raise AssertionError(f"{path}: {refusal}")


def test_a_model_has_the_errors_that_the_stage_would_find_in_any_batches_and_among_refused_files(
    models: list[FeatureNetwork],
    store: ImageStore,
    photographs: list[tuple[Path, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    gone = [(tmp_path / name, 3) for name in ("x", "y", "z")]
    refused = []
    (found,) = photograph_errors(
        models[:1], CLASSES, [gone[0], photographs[0], *gone[1:], *photographs[1:]], lambda *what: refused.append(what)
    )
    assert found == error_metrics(predict(models[0], store), store.labels, len(CLASSES))
    assert 0 < found["top5_error"] < found["top1_error"]
    assert [(path, refusal.reason) for path, refusal in refused] == [(path, "missing") for path, _ in gone]


def test_several_models_average_their_softmax_with_their_classes_aligned_by_name(
    models: list[FeatureNetwork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    generator = np.random.default_rng(0)
    labels = generator.integers(7, size=100)
    said = generator.dirichlet(np.ones(7), (2, 10, 100)).astype(np.float32)
    batches = {number: iter(np.array_split(said[number], 2, axis=1)) for number in (0, 1)}
    monkeypatch.setattr(module, "BATCH", 50)
    monkeypatch.setattr(module, "ten_view_softmax", lambda model, images: (next(batches[models.index(model)]), None))
    photographs = [(tmp_path / "photo.png", int(label)) for label in labels]
    found = photograph_errors(models, CLASSES, photographs, refuse_nothing)

    aligned = [said[0], said[1][..., ::-1]]
    for suffix, views in (("", slice(4, 5)), ("_ten_view", slice(None))):  # The fifth view is the centre.
        each = [softmax[views].mean(axis=0) for softmax in aligned]
        rankings = [np.argsort(-softmax, axis=1) for softmax in (*each, (each[0] + each[1]) / 2)]
        for top in (1, 5):
            wrong = [int((ranking[:, :top] != labels[:, None]).all(axis=1).sum()) for ranking in rankings]
            assert [metrics[f"top{top}_error{suffix}_count"] for metrics in found] == wrong
            assert wrong[2] not in wrong[:2]


def test_each_model_gets_photographs_as_its_own_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: list[FeatureNetwork]
) -> None:
    landscape(400, 100).save(tmp_path / "photo.png")
    seen = []

    def look(asked: object, images: np.ndarray) -> tuple[np.ndarray, None]:
        seen.append(images)
        return np.full((10, 1, len(CLASSES)), 1 / 7, np.float32), None

    monkeypatch.setattr(module, "ten_view_softmax", look)
    policies = ("crop", "squash")
    photograph_errors(
        [network(1, policy=policy) for policy in policies], CLASSES, [(tmp_path / "photo.png", 0)], refuse_nothing
    )
    for images, policy in zip(seen, policies, strict=True):
        expected = prepared(tmp_path / "photo.png", ResizeParams.model_validate({"policy": policy}))
        np.testing.assert_array_equal(images, expected[None])


def test_nothing_is_measured_if_everything_is_refused(models: list[FeatureNetwork], tmp_path: Path) -> None:
    assert photograph_errors(models[:1], CLASSES, [(tmp_path / "gone", 0)], lambda *_: None) == []


def with_classes(**classes: tuple[str, ...]) -> Any:
    return {name: SimpleNamespace(classes=names) for name, names in classes.items()}


def test_models_may_have_the_same_classes_in_another_order() -> None:
    assert common_classes(with_classes(first=("a", "b", "c"), second=("c", "a", "b"))) == ("a", "b", "c")


def test_models_may_know_a_class_by_its_wordnet_number_only() -> None:
    names = ("n01440764 tench, Tinca tinca", "n01443537 goldfish")
    assert common_classes(with_classes(first=names, second=("n01443537", "n01440764"))) == names


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        (("a",), "without 'b', 'c'"),
        (("a", "b", "c", "d"), "with 'd'"),
        (("a", "x", "c"), "without 'b' and with 'x'"),
    ],
)
def test_models_with_other_classes_are_an_error_that_names_the_difference(
    second: tuple[str, ...], difference: str
) -> None:
    with pytest.raises(UserError, match=rf"^two has other classes than one, {difference}: evaluate it by itself$"):
        common_classes(with_classes(one=("a", "b", "c"), two=second))
