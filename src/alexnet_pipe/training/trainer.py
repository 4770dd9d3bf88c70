"""The training loop: epochs of the stream, each followed by validation and the learning-rate rule."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.signals import StopRequest
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.training.backend import memory_for
from alexnet_pipe.training.checkpoints import Checkpoints, Tensors
from alexnet_pipe.training.health import Check, require_finite
from alexnet_pipe.training.history import Epoch
from alexnet_pipe.training.paper_sgd import PaperSGD
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.state import State
from alexnet_pipe.training.validation import Validation

Validate = Callable[[Classifier, Callable[[], None]], Validation]
"""Given the model, and what to call between two batches."""

Watch = Callable[[State, Classifier], None]
"""Called after each epoch, with where the run stands."""


def compile_for_training(
    model: Classifier,
    plateau: Plateau,
    momentum: float,
    weight_decay: float,
    multipliers: Mapping[Any, float] | None = None,
) -> None:
    """Give `model` the paper's optimizer, for the layers that are not frozen, and loss."""
    model.compile(
        optimizer=PaperSGD(plateau.rate, momentum, weight_decay, multipliers, model.forms),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)


@dataclass(frozen=True)
class Surroundings:
    """What a run looks at, tells, and keeps.

    Attributes:
        validate: Gives loss and error of the validation split.
        checkpoints: Where the run is kept.
        checkpoint_steps: Steps between two checkpoints; every epoch ends with one as well.
        check: Called after each step; raises if it is useless to go on.
        watch: Called after each epoch.
    """

    validate: Validate
    checkpoints: Checkpoints
    checkpoint_steps: int
    check: Check
    watch: Watch


class Trainer:
    """One run of training, which goes on where an interrupted one with the same checkpoints stopped, bit for bit."""

    def __init__(self, model: Classifier, stream: TrainingStream, plateau: Plateau, around: Surroundings) -> None:
        """`model` is compiled by `compile_for_training`."""
        self.model = model
        self.stream = stream
        self.around = around
        self.state = State(plateau)
        self.best_weights = model.get_weights()

    def run(self, max_epochs: int) -> State:
        """Train until the rule says stop, or for `max_epochs`; the model ends with the weights of the best epoch.

        Raises:
            StoppedError: on Ctrl-C or SIGTERM, after a checkpoint.
            UserError: if it is useless to go on.
        """
        self._go_on()
        with StopRequest() as stop:
            try:
                while len(self.state.history) < max_epochs and not self.state.plateau.finished:
                    self._run_steps(stop.check, max_epochs)
                    self._end_epoch(stop.check, max_epochs)
            except StoppedError:
                self._keep()
                raise
        self.model.set_weights(self.best_weights)
        return self.state

    def _run_steps(self, check_stop: Callable[[], None], max_epochs: int) -> None:
        """The rest of the epoch."""
        state, number = self.state, len(self.state.history) + 1
        end = self.stream.first_step(number)
        self.model.optimizer.learning_rate = state.plateau.rate
        batches = self.stream.batches(state.step, end)
        with progress(f"train epoch {number} of {max_epochs}", end - state.step, "steps") as advance:
            clock = time.perf_counter()
            while state.step < end:
                waiting = time.perf_counter()
                batch = next(batches)
                waiting = time.perf_counter() - waiting
                loss, accuracy = self._step(*batch)
                now = time.perf_counter()
                state.after_step(loss, accuracy, now - clock, waiting)
                clock = now
                self.around.check(state)
                if state.step % self.around.checkpoint_steps == 0:
                    self._keep()
                advance(note=_note(state, self.stream.batch_size))
                check_stop()

    def _step(self, inputs: object, labels: object) -> tuple[float, float]:
        """Loss and accuracy of one batch, before its update."""
        with memory_for(self.stream.batch_size):
            # The values of this batch alone: Keras resets its metrics before each call.
            logs = self.model.train_on_batch(inputs, labels, return_dict=True)
        require_finite(float(logs["loss"]), self.state)
        return float(logs["loss"]), float(logs["accuracy"])

    def _end_epoch(self, check_stop: Callable[[], None], max_epochs: int) -> None:
        before = self.state.plateau
        epoch = self.state.after_epoch(self.around.validate(self.model, check_stop), self.stream.batch_size)
        if self.state.best is epoch:
            self.best_weights = self.model.get_weights()
        say(_line(epoch, max_epochs))
        if self.state.plateau.rate < before.rate:
            rates = f"{before.rate:g} -> {self.state.plateau.rate:g}"
            say(f"train: the validation error stopped falling; learning rate {rates}")
        self._keep()
        self.around.watch(self.state, self.model)

    def _variables(self) -> dict[str, keras.Variable]:
        """All that a step reads and changes: weights, dropout's seeds, momentum, counters."""
        parts = {"model": self.model.variables, "optimizer": self.model.optimizer.variables}
        return {f"{part}/{n}": variable for part, variables in parts.items() for n, variable in enumerate(variables)}

    def _keep(self) -> None:
        tensors: Tensors = {name: np.asarray(variable) for name, variable in self._variables().items()}
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise UserError(
                f"weights are no longer numbers after step {self.state.step}: lower train.learning_rate, or choose "
                "another model.initialisation"
            )
        tensors |= {f"best/{n}": weights for n, weights in enumerate(self.best_weights)}
        self.around.checkpoints.save(self.state.step, tensors, self.state.as_json())

    def _go_on(self) -> None:
        kept = self.around.checkpoints.load()
        if kept is None:
            return
        tensors, state = kept
        self.state = State.from_json(state)
        self.state.resumed_at.append(self.state.step)
        for name, variable in self._variables().items():
            variable.assign(tensors[name])
        self.best_weights = [tensors[f"best/{n}"] for n in range(len(self.best_weights))]
        say(f"train: going on after step {self.state.step:,}, in epoch {len(self.state.history) + 1}")


def _note(state: State, batch_size: int) -> str:
    running = state.running
    error, speed = 1 - running.accuracy / running.steps, running.steps * batch_size / running.seconds
    return f"loss {running.loss / running.steps:.3f}, top-1 error {error:.1%}, {speed:.0f} images/s"


def _line(epoch: Epoch, max_epochs: int) -> str:
    return (
        f"train: epoch {epoch.epoch} of at most {max_epochs}, loss {epoch.train_loss:.3f}, "
        f"top-1 error {epoch.train_top1_error:.1%}, validation loss {epoch.validation_loss:.3f}, "
        f"top-1 error {epoch.validation_top1_error:.1%}, {epoch.images_per_second:.0f} images/s"
    )
