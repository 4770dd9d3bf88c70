"""Predictions average the softmax of the ten views, and cover every image."""

import numpy as np
import pytest

from alexnet_pipe.evaluation import error_rates, ten_views
from alexnet_pipe.evaluation.error_rates import predict
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.inputs.views import VIEWS, view
from alexnet_pipe.model.classifier import Classifier
from tests.stores import random_store


@pytest.fixture(scope="module", params=["paper", "batch-normalization"])
def model(request: pytest.FixtureRequest) -> Classifier:
    classifier = Classifier(["a", "b", "c"], variant=request.param, width=0.05, initialisation="he", seed=4)
    classifier.mean.assign(np.full((256, 256, 3), 127.0))
    if request.param == "batch-normalization":
        # What conv1 gives of random pixels, about: no other statistics than these are to be seen.
        classifier.network.get_layer("norm1").moving_variance.assign([144.0] * 4)
    return classifier


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits.astype(np.float64))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_ten_views_average_softmax_not_logits(model: Classifier) -> None:
    store = random_store(3, classes=3)
    images = store.gather(range(3))
    each = [softmax(np.asarray(model.predict_on_batch(view(images, *v)))) for v in VIEWS]
    expected = np.mean(each, axis=0)
    ranking = predict(FeatureNetwork(model), store).ten_view
    np.testing.assert_allclose(ranking.probabilities, -np.sort(-expected, axis=1), rtol=1e-4)
    np.testing.assert_array_equal(ranking.classes, np.argsort(-expected, axis=1))
    np.testing.assert_allclose(ranking.of_label, expected[range(3), store.labels], rtol=1e-4)


def test_one_view_is_the_centre(model: Classifier) -> None:
    store = random_store(2, classes=3)
    expected = softmax(np.asarray(model.predict_on_batch(view(store.gather(range(2)), (14, 14), False))))
    found = predict(FeatureNetwork(model), store).one_view.probabilities
    np.testing.assert_allclose(found, -np.sort(-expected, axis=1), rtol=1e-4)


def test_a_last_smaller_batch_counts(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    store = random_store(5, classes=3)
    whole = predict(FeatureNetwork(model), store)
    # Two images at a time, and 16 views: the last image comes alone, and no number of views fills its batches.
    monkeypatch.setattr(error_rates, "BATCH", 2)
    monkeypatch.setattr(ten_views, "BATCH", 16)
    parts = predict(FeatureNetwork(model), store)
    assert len(parts.ten_view.classes) == len(parts.features) == 5
    np.testing.assert_array_equal(parts.ten_view.classes, whole.ten_view.classes)
    np.testing.assert_allclose(parts.ten_view.probabilities, whole.ten_view.probabilities, rtol=1e-4)


def test_all_batches_of_many_views_have_one_size(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ten_views, "BATCH", 4)
    network, sizes = FeatureNetwork(model), []
    computed = network._network.predict_on_batch

    def noted(inputs: dict[str, np.ndarray]) -> object:
        sizes.append(len(inputs["image"]))
        return computed(inputs)

    monkeypatch.setattr(network._network, "predict_on_batch", noted)
    logits, _ = network.outputs(random_store(3, classes=3).gather(range(3)), VIEWS)
    assert logits.shape == (10, 3, 3)
    assert sizes == [4] * 8


def test_features_are_fc7_after_its_relu(model: Classifier) -> None:
    features = predict(FeatureNetwork(model), random_store(2, classes=3)).features
    assert features.shape == (2, model.network.get_layer("fc7").units)
    assert (features >= 0).all()
