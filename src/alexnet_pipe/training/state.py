"""Where a training run stands, apart from its tensors."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from alexnet_pipe.training.history import Epoch
from alexnet_pipe.training.plateau import Plateau
from alexnet_pipe.training.validation import Validation

RECENT = 100
"""Steps whose losses are remembered."""


@dataclass
class Running:
    """Sums over the steps of the epoch that is under way."""

    steps: int = 0
    loss: float = 0.0
    accuracy: float = 0.0
    seconds: float = 0.0
    waiting: float = 0.0


@dataclass
class State:
    """
    Attributes:
        plateau: The learning-rate rule.
        step: Steps done since the start of training.
        running: The epoch that is under way.
        recent: The losses of the last steps, oldest first.
        history: The epochs that have ended.
        resumed_at: The steps after which an interrupted run has gone on.
    """

    plateau: Plateau
    step: int = 0
    running: Running = field(default_factory=Running)
    recent: list[float] = field(default_factory=list)
    history: list[Epoch] = field(default_factory=list)
    resumed_at: list[int] = field(default_factory=list)

    @property
    def best(self) -> Epoch:
        """The first of the epochs with the lowest validation error; among equals, the one with the lowest loss."""
        return min(self.history, key=lambda epoch: epoch.quality)

    def after_step(self, loss: float, accuracy: float, seconds: float, waiting: float) -> None:
        """Count one step."""
        self.step += 1
        self.running.steps += 1
        self.running.loss += loss
        self.running.accuracy += accuracy
        self.running.seconds += seconds
        self.running.waiting += waiting
        self.recent = [*self.recent, loss][-RECENT:]

    def after_epoch(self, result: Validation, batch_size: int) -> Epoch:
        """Move the running epoch into the history, and ask the learning-rate rule."""
        running, self.running = self.running, Running()
        epoch = Epoch(
            epoch=len(self.history) + 1,
            step=self.step,
            learning_rate=self.plateau.rate,
            train_loss=running.loss / running.steps,
            train_top1_error=1 - running.accuracy / running.steps,
            validation_loss=result.loss,
            validation_top1_error=result.top1_error,
            seconds=round(running.seconds, 3),
            waiting_seconds=round(running.waiting, 3),
            steps_per_second=round(running.steps / running.seconds, 2),
            images_per_second=round(running.steps * batch_size / running.seconds, 1),
        )
        self.history.append(epoch)
        self.plateau = self.plateau.after(result.top1_error)
        return epoch

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "State":
        return cls(
            plateau=Plateau(**content["plateau"]),
            step=content["step"],
            running=Running(**content["running"]),
            recent=content["recent"],
            history=[Epoch(**epoch) for epoch in content["history"]],
            resumed_at=content["resumed_at"],
        )
