"""Training learns, keeps its best weights, and repeats."""

import numpy as np
import pytest

from alexnet_pipe.errors import UserError
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.summary import training_metrics
from alexnet_pipe.training.trainer import Trained, compile_for_training, train
from alexnet_pipe.training.validation import Validation, validate
from tests.stores import random_store

WIDTH = 0.05


def light_and_dark(images: int) -> ImageStore:
    """Class 0 is dark and class 1 is light: two classes that anything can learn."""
    store = random_store(images)
    for shard in store.shards:
        shard //= 2
        shard[1::2] += 128
    return store


def run(store: ImageStore, epochs: int, rate: float = 0.001, scripted: list[float] | None = None):
    model = Classifier(store.classes, width=WIDTH, initialisation="he", seed=1)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    plateau = Plateau(rate, 10, 3)
    compile_for_training(model, plateau, 0.9, 0.0005)
    stream = TrainingStream(store, 1, 8, np.zeros((3, 3)))
    errors = iter(scripted or [])
    snapshots: list[list[np.ndarray]] = []

    def check(m: Classifier) -> Validation:
        snapshots.append(m.get_weights())
        return Validation(0.5, next(errors)) if scripted else validate(m, store, 5)

    return model, train(model, stream, check, plateau, epochs), snapshots


def test_it_learns_two_classes_that_anything_can_learn() -> None:
    _, trained, _ = run(light_and_dark(16), epochs=8)
    assert trained.history[-1].train_loss < 0.4 < trained.history[0].train_loss
    assert trained.best.validation_top1_error == 0


def test_it_ends_with_the_weights_of_its_best_epoch() -> None:
    model, trained, snapshots = run(light_and_dark(16), epochs=3, scripted=[0.4, 0.1, 0.3])
    assert trained.best.epoch == 2
    for kept, best in zip(model.get_weights(), snapshots[1], strict=True):
        np.testing.assert_array_equal(kept, best)


def test_two_runs_give_the_same_weights_and_errors() -> None:
    digests = []
    for _ in range(2):
        model, trained, _ = run(light_and_dark(16), epochs=2)
        digests.append(training_metrics(trained, model, "float32")["weights_digest"])
    assert digests[0] == digests[1]


def test_a_loss_that_is_not_a_number_stops_with_the_parameters_to_change() -> None:
    with pytest.raises(UserError, match=r"loss became .* in epoch 1.*train\.learning_rate"):
        run(light_and_dark(16), epochs=5, rate=1e9)


def test_validation_counts_every_image_of_a_last_smaller_batch() -> None:
    store = light_and_dark(7)
    model, _, _ = run(light_and_dark(16), epochs=1)
    whole, parts = validate(model, store, 7), validate(model, store, 3)
    assert parts.top1_error == whole.top1_error
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)


def test_the_history_counts_steps_and_epochs() -> None:
    _, trained, _ = run(light_and_dark(20), epochs=2)
    assert isinstance(trained, Trained)
    assert [(epoch.epoch, epoch.step) for epoch in trained.history] == [(1, 3), (2, 5)]
