"""What is found out about single test images: their nearest training images, and where the network looks."""

import numpy as np
import pytest

from alexnet_pipe.evaluation import examples as module
from alexnet_pipe.evaluation.error_rates import predict
from alexnet_pipe.evaluation.examples import (
    CENTRE,
    PATCH,
    PLACES,
    STEP,
    nearest_training_images,
    occlusion_maps,
    spread,
)
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.inputs.views import view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.paper import CROP
from alexnet_pipe.store.image_store import ImageStore
from tests.stores import random_store


@pytest.fixture(scope="module")
def model() -> Classifier:
    classifier = Classifier(["a", "b", "c"], width=0.05, initialisation="he", seed=4)
    classifier.mean.assign(np.random.default_rng(1).uniform(90, 160, (256, 256, 3)))
    return classifier


@pytest.mark.parametrize(("images", "chosen"), [(1, [0]), (3, [0, 1, 2]), (11, [0, 2, 4, 6, 8, 10])])
def test_examples_are_spread_over_the_store(images: int, chosen: list[int]) -> None:
    assert spread(images, 6) == chosen


def test_the_nearest_training_images_are_by_distance_of_fc7(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    train = random_store(9, classes=3, shards=2)
    # The second test image is the sixth training image.
    test = ImageStore(train.classes, train.rows.iloc[:2], [np.stack([255 - train[0], train[5]])])
    monkeypatch.setattr(module, "TOGETHER", 4)
    features = predict(FeatureNetwork(model), test).features
    found = nearest_training_images(FeatureNetwork(model), train, [1], features)
    of_train = predict(FeatureNetwork(model), train).features
    expected = np.linalg.norm(of_train - features[1], axis=1)
    assert found["query"].tolist() == [1] * module.NEAREST
    assert found["train"].iloc[0] == 5
    np.testing.assert_allclose(found["distance"], np.sort(expected)[: module.NEAREST], rtol=1e-3, atol=1e-3)


def test_of_many_training_images_some_are_searched(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEARCHED", 3)
    features = predict(FeatureNetwork(model), random_store(1, classes=3)).features
    found = nearest_training_images(FeatureNetwork(model), random_store(9, classes=3), [0], features)
    assert sorted(found["train"]) == [0, 4, 8]


def test_what_is_hidden_is_the_mean_at_its_place(model: Classifier) -> None:
    store = random_store(2, classes=3)
    (row,) = occlusion_maps(FeatureNetwork(model), store, [1], [1], np.asarray(model.mean)).to_dict("records")
    assert (row["image"], row["label"], len(row["probability"])) == (1, 1, PLACES**2)
    assert (PLACES - 1) * STEP + PATCH <= CROP < PLACES * STEP + PATCH
    image = store[1].copy()
    top, left = CENTRE[0] + 2 * STEP, CENTRE[1] + 5 * STEP
    image[top : top + PATCH, left : left + PATCH] = np.rint(model.mean)[top : top + PATCH, left : left + PATCH]
    logits = np.asarray(model.predict_on_batch(view(image[None], CENTRE, False)), np.float64)[0]
    expected = np.exp(logits[1]) / np.exp(logits).sum()
    assert row["probability"][2 * PLACES + 5] == pytest.approx(expected, rel=1e-4)
    assert row["probability"][0] != pytest.approx(expected, rel=1e-6)
    assert row["before"] == pytest.approx(unhidden(model, store[1], 1), rel=1e-4)


def unhidden(model: Classifier, image: np.ndarray, label: int) -> float:
    logits = np.asarray(model.predict_on_batch(view(image[None], CENTRE, False)), np.float64)[0]
    return float(np.exp(logits[label]) / np.exp(logits).sum())
