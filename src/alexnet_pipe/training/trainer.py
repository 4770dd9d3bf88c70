"""The training loop: epochs of the stream, each followed by validation and the learning-rate rule."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from alexnet_pipe.errors import UserError
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.progress import progress, say
from alexnet_pipe.training.paper_sgd import PaperSGD
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.validation import Validation

Validate = Callable[[Classifier], Validation]


@dataclass(frozen=True)
class Epoch:
    """One row of the history; errors are shares, losses nats, `step` counts from the start of training."""

    epoch: int
    step: int
    learning_rate: float
    train_loss: float
    train_top1_error: float
    validation_loss: float
    validation_top1_error: float
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class Trained:
    """The history, and which of its epochs the model's weights come from."""

    history: list[Epoch]
    best: Epoch

    def rows(self) -> list[dict[str, Any]]:
        return [asdict(epoch) for epoch in self.history]


def compile_for_training(model: Classifier, plateau: Plateau, momentum: float, weight_decay: float) -> None:
    """Give `model` the paper's optimizer and loss."""
    model.compile(
        optimizer=PaperSGD(plateau.rate, momentum, weight_decay),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )


def train(model: Classifier, stream: TrainingStream, validate: Validate, plateau: Plateau, max_epochs: int) -> Trained:
    """Train a compiled `model` until the rule says stop, or for `max_epochs`; it ends with its best weights.

    The best epoch is the one with the lowest validation error, and among equals the lowest validation loss.

    Raises:
        UserError: if the loss is no longer a number.
    """
    history: list[Epoch] = []
    best: Epoch | None = None
    weights: list[np.ndarray] = []
    while len(history) < max_epochs and not plateau.finished:
        model.optimizer.learning_rate = plateau.rate
        epoch = _run_epoch(model, stream, validate, len(history), plateau.rate)
        history.append(epoch)
        say(_line(epoch, max_epochs))
        if best is None or _quality(epoch) < _quality(best):
            best, weights = epoch, model.get_weights()
        before, plateau = plateau, plateau.after(epoch.validation_top1_error)
        if plateau.rate < before.rate:
            say(f"train: the validation error stopped falling; learning rate {before.rate:g} -> {plateau.rate:g}")
    assert best is not None
    model.set_weights(weights)
    return Trained(history, best)


def _run_epoch(model: Classifier, stream: TrainingStream, validate: Validate, number: int, rate: float) -> Epoch:
    first, end = stream.first_step(number), stream.first_step(number + 1)
    started = time.perf_counter()
    losses, correct = [], []
    with progress(f"train epoch {number + 1}", end - first, "steps") as advance:
        for inputs, labels in stream.batches(first, end):
            # The values of this batch alone: Keras resets its metrics before each call.
            logs = model.train_on_batch(inputs, labels, return_dict=True)
            losses.append(_finite(float(logs["loss"]), number))
            correct.append(float(logs["accuracy"]))
            advance(note=f"loss {losses[-1]:.3f}")
    seconds = time.perf_counter() - started
    result = validate(model)
    return Epoch(
        epoch=number + 1,
        step=end,
        learning_rate=rate,
        train_loss=float(np.mean(losses)),
        train_top1_error=1 - float(np.mean(correct)),
        validation_loss=result.loss,
        validation_top1_error=result.top1_error,
        seconds=round(seconds, 3),
        images_per_second=round((end - first) * stream.batch_size / seconds, 1),
    )


def _finite(loss: float, epoch: int) -> float:
    if not np.isfinite(loss):
        raise UserError(
            f"the loss became {loss} in epoch {epoch + 1}: lower train.learning_rate, or choose another "
            "model.initialisation"
        )
    return loss


def _quality(epoch: Epoch) -> tuple[float, float]:
    return epoch.validation_top1_error, epoch.validation_loss


def _line(epoch: Epoch, max_epochs: int) -> str:
    return (
        f"train: epoch {epoch.epoch} of at most {max_epochs}, loss {epoch.train_loss:.3f}, "
        f"top-1 error {epoch.train_top1_error:.1%}, validation loss {epoch.validation_loss:.3f}, "
        f"top-1 error {epoch.validation_top1_error:.1%}, {epoch.images_per_second:.0f} images/s"
    )
