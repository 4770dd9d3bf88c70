"""The temperature that is planted is found, whoever shares the work, and changes no first guess."""

import os
import signal
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit, softmax

from alexnet_pipe.base.errors import StoppedError
from alexnet_pipe.evaluation.error_rates import Predictions, predict
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.portable.description import TEMPERATURES
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training import temperature as module
from alexnet_pipe.training.processes import Processes
from alexnet_pipe.training.temperature import DEVIATION, fit_temperatures, temperature
from tests.stores import random_store

ALONE = Processes()


def drawn(images: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are drawn by their softmax: the temperature of these logits is 1."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (images, classes))
    return logits, (softmax(logits, axis=1).cumsum(axis=1) < random.random((images, 1))).sum(axis=1)


@pytest.mark.parametrize("planted", [0.5, 1, 3])
def test_what_logits_were_multiplied_by_is_found(planted: float) -> None:
    logits, labels = drawn(4000, 5)
    assert temperature(softmax(planted * logits, axis=1), labels, ALONE) == pytest.approx(planted, rel=0.04)


def test_without_an_error_it_is_where_a_further_one_would_no_longer_be_believed() -> None:
    for images in (50, 5000):
        found = temperature(np.tile([0.9, 0.1], (images, 1)), np.zeros(images, np.int32), ALONE)
        assert TEMPERATURES[0] < found < 1
        margin = logit(0.9) / found
        # The slope of the log loss over the temperature's logarithm, and that of the parabola around 0.
        assert images * margin * expit(-margin) == pytest.approx(-np.log(found) / DEVIATION**2, rel=0.01)


def test_it_stays_within_its_bounds_whatever_the_answers_are() -> None:
    logits, labels = drawn(100, 3)
    assert temperature(softmax(1000 * logits, axis=1), labels, ALONE) == pytest.approx(TEMPERATURES[1], rel=0.01)
    right = np.tile([0.6, 0.4], (100_000, 1))
    found = temperature(right, np.zeros(100_000, np.int32), ALONE)
    assert TEMPERATURES[0] <= found == pytest.approx(TEMPERATURES[0], rel=0.01)
    assert temperature(np.full((9, 3), 1 / 3), labels[:9], ALONE) == pytest.approx(1, abs=0.001)


class Together(Processes):
    """Some in threads of one process, which wait for each other."""

    def __init__(self, number: int, count: int, barrier: Barrier, told: dict[int, Any]) -> None:
        super().__init__()
        self.number, self.count, self._barrier, self._told = number, count, barrier, told

    def gathered(self, values: np.ndarray) -> np.ndarray:
        self._told[self.number] = values
        self._barrier.wait(60)
        all_values = np.stack([self._told[number] for number in range(self.count)])
        self._barrier.wait(60)
        return all_values


def together(work: Callable[[Processes], object], count: int) -> list[object]:
    """What `work` gives to each of `count`."""
    barrier, told, given = Barrier(count), {}, {}

    def one(number: int) -> None:
        given[number] = work(Together(number, count, barrier, told))

    threads = [Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [given[number] for number in range(count)]


def test_several_processes_find_what_one_finds_and_all_the_same() -> None:
    logits, labels = drawn(30, 3)
    shares = softmax(2 * logits, axis=1)

    def share(processes: Processes) -> float:
        rows = slice(processes.number * 10, 10 * (1 + processes.number))
        return temperature(shares[rows], labels[rows], processes)

    # The fourth has no image left.
    found = together(share, 4)
    assert len({*found}) == 1
    assert found[0] == pytest.approx(temperature(shares, labels, ALONE), rel=1e-3)


@pytest.fixture
def labelled() -> tuple[Classifier, ImageStore]:
    """A network that is not sure of noise, and noise whose labels are drawn by what it says of it."""
    model = Classifier(["a", "b", "c"], width=0.05, initialisation="he", seed=4)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    store = random_store(60, classes=3)
    (logits,) = FeatureNetwork(model).outputs(store.gather(range(60)))[0]
    scale, fc8 = 2 / logits.std(axis=0).mean(), model.network.get_layer("fc8")
    kernel, bias = fc8.get_weights()
    fc8.set_weights([scale * kernel, scale * (bias - logits.mean(axis=0))])
    shares = softmax(scale * (logits - logits.mean(axis=0)), axis=1)
    store.labels[:] = (shares.cumsum(axis=1) < np.random.default_rng(1).random((60, 1))).sum(axis=1)
    return model, store


def log_loss(predictions: Predictions) -> list[float]:
    rankings = predictions.by_suffix()
    return [-np.log(rankings[suffix].of_label).mean() for suffix in ("", "_ten_view", "_before", "_ten_view_before")]


def test_a_network_whose_logits_grow_threefold_is_undone_and_guesses_the_same(
    labelled: tuple[Classifier, ImageStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were many images, and not sixty.
    monkeypatch.setattr(module, "DEVIATION", 1000)
    model, store = labelled
    fit_temperatures(model, store, 16)
    first = model.temperature
    assert 0.5 < first < 2
    fc8 = model.network.get_layer("fc8")
    fc8.set_weights([3 * weight for weight in fc8.get_weights()])
    fit_temperatures(model, store, 16)
    assert model.temperature == pytest.approx(3 * first, rel=1e-3)
    # The mean of ten softmaxes is less sure than each.
    assert 1 < model.temperature_ten_view < model.temperature

    found = predict(FeatureNetwork(model), store)
    np.testing.assert_array_equal(found.one_view.classes, found.one_view_before.classes)
    np.testing.assert_array_equal(found.ten_view.classes, found.ten_view_before.classes)
    one_view, ten_view, one_view_before, ten_view_before = log_loss(found)
    assert one_view < one_view_before
    assert ten_view < ten_view_before


def test_it_is_the_same_again_and_a_part_of_many_images_is_enough(
    labelled: tuple[Classifier, ImageStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, store = labelled
    temperatures = []
    for _ in range(2):
        fit_temperatures(model, store, 16)
        temperatures.append((model.temperature, model.temperature_ten_view))
    assert temperatures[0] == temperatures[1]
    seen = []
    monkeypatch.setattr(module, "FITTED", 7)
    monkeypatch.setattr(store, "gather", lambda places: seen.extend(places) or store.shards[0][places])
    fit_temperatures(model, store, 4)
    assert seen == [0, 8, 17, 25, 34, 42, 51]


def test_a_signal_ends_it_between_two_batches(
    labelled: tuple[Classifier, ImageStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, store = labelled
    gather = store.gather

    def stop(places: np.ndarray) -> np.ndarray:
        os.kill(os.getpid(), signal.SIGTERM)
        return gather(places)

    monkeypatch.setattr(store, "gather", stop)
    with pytest.raises(StoppedError, match="stopped by SIGTERM"):
        fit_temperatures(model, store, 16)
    assert (model.temperature, model.temperature_ten_view) == (1, 1)
