"""The training loop: epochs of the stream, each followed by validation and the learning-rate rule."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

import keras
import numpy as np
from pydantic import TypeAdapter

from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.signals import held_signals
from alexnet_pipe.inputs.stream import Batch, TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.checkpoints import Tensors
from alexnet_pipe.training.health import look_at_first_kernels, require_finite, require_learning, validate
from alexnet_pipe.training.optimizers import compile_for_training, trained_parameters, training_step
from alexnet_pipe.training.processes import Processes
from alexnet_pipe.training.records import Records
from alexnet_pipe.training.schedule import Plateau, learning_rate
from alexnet_pipe.training.state import Epoch, State, Validation


class _Started(NamedTuple):
    """A step whose loss has not been read yet: its rate, what it gives, and the seconds that its batch took."""

    rate: float
    logs: dict[str, Any]
    waiting: float


class Trainer:
    """One run of training, which goes on where an interrupted one with the same records stopped, bit for bit.

    The model is compiled here.
    """

    def __init__(
        self,
        model: Classifier,
        stream: TrainingStream,
        held_out: ImageStore,
        records: Records,
        train: TrainParams,
        processes: Processes | None = None,
    ) -> None:
        self.model = model
        self.processes = processes or Processes()
        self.learner = compile_for_training(model, train)
        self.step = training_step(self.learner, stream, self.processes)
        records.devices = self.step.devices
        self.stream = stream
        self.held_out = held_out
        self.records = records
        self.train = train
        self.state = State(Plateau.start(train))
        self.best_weights = model.get_weights()
        self._started: deque[_Started] = deque()
        self._clock = 0.0

    def run(self) -> State:
        """Train until the rule says stop, or for `train.max_epochs`; the model ends with the weights of the best epoch.

        Raises:
            StoppedError: on Ctrl-C or SIGTERM, after a checkpoint.
            UserError: if it is useless to go on.
        """
        self._say_what_is_trained()
        self._go_on()
        with held_signals() as check:
            check_stop = self.processes.agreed(check)
            try:
                while not self._is_finished():
                    self._run_steps(check_stop)
                    self._end_epoch(check_stop)
            except StoppedError:
                self._keep()
                raise
        self.model.set_weights(self.best_weights)
        return self.state

    def _is_finished(self) -> bool:
        stopped = self.train.schedule == "plateau" and self.state.plateau.finished
        return stopped or len(self.state.history) >= self.train.max_epochs

    def _run_steps(self, check_stop: Callable[[], None]) -> None:
        """The rest of the epoch."""
        state, number = self.state, len(self.state.history) + 1
        end = self.stream.first_step(number)
        batches = self.step.batches(state.step, end)
        self._clock = time.perf_counter()
        with progress(f"train epoch {number} of {self.train.max_epochs}", end - state.step, "steps") as advance:
            for step in range(state.step, end):
                self.start(step, batches)
                is_kept = (step + 1) % self.train.checkpoint_steps == 0
                while len(self._started) > (0 if is_kept or step + 1 == end else self.step.LAG):
                    self._read_one()
                    advance(note=_note(state, self.train.batch_size))
                if is_kept:
                    self._keep()
                check_stop()

    def start(self, step: int, batches: Iterator[Batch]) -> None:
        """Have the next of `batches` learned in `step`, which counts from 0; its loss is read later."""
        began = time.perf_counter()
        batch = next(batches)
        waiting = time.perf_counter() - began
        rate = learning_rate(step, self.state.plateau, self.train, self.stream.first_step)
        with memory_for(self.train.batch_size):
            self._started.append(_Started(rate, self.step(*batch, rate), waiting))

    def _read_one(self) -> None:
        """Count the oldest of the steps that were started."""
        rate, logs, waiting = self._started.popleft()
        with memory_for(self.train.batch_size):
            loss, accuracy = float(logs["loss"]), float(logs["accuracy"])
            self.processes.hear(int(logs.get("stop_signal", 0)))
        require_finite(loss, self.state)
        now = time.perf_counter()
        self.state.after_step(rate, loss, accuracy, now - self._clock, waiting)
        self._clock = now
        require_learning(self.state, self.stream, self.model, self.train)

    def validate(self, between: Callable[[], None]) -> Validation:
        """Loss and error of the validation images; `between` is called between two batches."""
        return validate(self.model, self.held_out, self.train.batch_size, between, self.processes)

    def _end_epoch(self, check_stop: Callable[[], None]) -> None:
        self.step.settle()
        before = self.state.plateau
        epoch = self.state.after_epoch(self.validate(check_stop), self.train.batch_size)
        if self.state.best is epoch:
            self.best_weights = self.model.get_weights()
        say(_line(epoch, self.train.max_epochs))
        if self.train.schedule == "plateau" and self.state.plateau.rate < before.rate:
            rates = f"{before.rate:g} -> {self.state.plateau.rate:g}"
            say(f"train: the validation error stopped falling; learning rate {rates}")
        look_at_first_kernels(self.state, self.model, self.train)
        self._keep()
        if self.processes.is_first:
            self.records.after_epoch(self.state, self.model)

    def _say_what_is_trained(self) -> None:
        store, trained = self.stream.store, trained_parameters(self.model)
        parameters = self.model.network.count_params()
        part = "" if trained == parameters else f", of which {trained:,} are trained"
        say(f"train: {len(store):,} images of {len(store.classes)} classes, {parameters:,} parameters{part}")

    def _variables(self) -> dict[str, keras.Variable]:
        """All that a step reads and changes: weights, dropout's seeds, momentum, counters."""
        parts = {"model": self.model.variables, "optimizer": self.learner.optimizer.variables}
        return {f"{part}/{n}": variable for part, variables in parts.items() for n, variable in enumerate(variables)}

    def _keep(self) -> None:
        while self._started:
            self._read_one()
        self.step.settle()
        tensors: Tensors = {name: np.asarray(variable) for name, variable in self._variables().items()}
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise UserError(
                f"weights are no longer numbers after step {self.state.step}: lower train.learning_rate, or choose "
                "another model.initialisation"
            )
        tensors |= {f"best/{n}": weights for n, weights in enumerate(self.best_weights)}
        if self.processes.is_first:
            self.records.checkpoints.save(self.state.step, tensors, asdict(self.state))

    def _go_on(self) -> None:
        kept = self.processes.as_first(self.records.checkpoints.load() if self.processes.is_first else None)
        if kept is None:
            return
        tensors, content = kept
        state = TypeAdapter(State).validate_python(content)
        if (ended := len(state.history)) > (longest := self.train.max_epochs):
            say(
                f"train: begins anew: the interrupted run has trained {ended} epochs, train.max_epochs is {longest} now"
            )
            if self.processes.is_first:
                self.records.checkpoints.remove()
            return
        self.state = state
        self.state.resumed_at.append(self.state.step)
        for name, variable in self._variables().items():
            variable.assign(tensors[name])
        self.best_weights = [tensors[f"best/{n}"] for n in range(len(self.best_weights))]
        say(f"train: going on after step {self.state.step:,}, in epoch {len(self.state.history) + 1}")


@contextmanager
def memory_for(batch_size: int) -> Iterator[None]:
    """Name the batch size if the device's memory does not hold what the block computes.

    Raises:
        UserError: in that case.
    """
    try:
        yield
    except Exception as error:
        named = (type(error).__name__, str(error))
        if any(word in text for text in named for word in ("ResourceExhausted", "RESOURCE_EXHAUSTED", "MemoryError")):
            raise UserError(f"out of memory with train.batch_size {batch_size}: lower it") from error
        raise


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
