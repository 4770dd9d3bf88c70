"""Maps of the surest mistakes; and the map of a network that has learned nothing is another one."""

import numpy as np
import pytest

from alexnet_pipe.evaluation.examples import occlusion_maps
from alexnet_pipe.evaluation.explanations import asked_of_chance, rank_correlation, surest_mistakes
from alexnet_pipe.evaluation.ten_views import FeatureNetwork, rank
from alexnet_pipe.model.classifier import Classifier
from tests.stores import random_store


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(["a", "b", "c"], width=0.05, initialisation="he", seed=4)


def test_the_surest_mistakes_are_others_than_those_that_are_shown_anyway() -> None:
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.01, 0.99], [0.05, 0.95]])
    labels = np.zeros(6, np.int32)
    assert surest_mistakes(rank(shares, labels), labels, [0, 4]) == [5, 1, 2]
    assert surest_mistakes(rank(shares[:1], labels[:1]), labels[:1], []) == []


def test_the_map_of_a_network_with_random_weights_is_another_and_the_weights_come_back(model: Classifier) -> None:
    store = random_store(3, classes=3)
    network, mean = FeatureNetwork(model), np.asarray(model.mean)
    before = model.get_weights()
    maps = occlusion_maps(network, store, [0, 1, 2], [0, 1, 2], mean)
    found = asked_of_chance(model, network, store, maps, mean)
    for held, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(held, kept)
    for column in ("random_fc8", "random_all"):
        assert found[column].isna().tolist() == [False, False, True]
        assert found[column].abs().max() < 0.9, column
    assert len(set(found[["random_fc8", "random_all"]].to_numpy()[:2].ravel())) == 4


def test_a_map_that_shows_the_photograph_alone_is_found_out(model: Classifier) -> None:
    class Edges:
        """Says how much grey is left, whatever the weights are."""

        temperatures = (1.0, 1.0)

        def outputs(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            grey = images.mean(axis=(1, 2, 3), dtype=np.float64)[:, None] / 100
            logits = np.concatenate([grey, -grey, 0 * grey], axis=1)[None].astype(np.float32)
            return logits, logits

    store, mean = random_store(1, classes=3), np.asarray(model.mean)
    maps = occlusion_maps(Edges(), store, [0], [0], mean)
    found = asked_of_chance(model, Edges(), store, maps.assign(probability=maps["probability"]), mean)
    assert found[["random_fc8", "random_all"]].to_numpy() == pytest.approx(np.ones((1, 2)))


def test_rank_correlation_is_spearmans_with_ties_and_none_of_what_is_the_same_everywhere() -> None:
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([1.0, 8, 27, 64])) == pytest.approx(1)
    assert rank_correlation(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(0.9486833)
    assert np.isnan(rank_correlation(np.ones(4), np.arange(4.0)))
