"""Where a training run stands, apart from its tensors: learning-rate rule, epoch under way, epochs that ended."""

from dataclasses import dataclass, field

from alexnet_pipe.training.schedule import Plateau

RECENT = 100
"""Steps whose losses are remembered."""

TIMINGS = ("seconds", "waiting_seconds", "steps_per_second", "images_per_second")
"""Fields that differ from run to run; all others repeat to the bit."""


@dataclass(frozen=True)
class Validation:
    """Mean cross-entropy in nats, and the share of images whose most probable class is wrong."""

    loss: float
    top1_error: float


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    Attributes:
        epoch: Counts from 1.
        step: Steps since the start of training, at the epoch's end.
        learning_rate: ε of its last step.
        train_loss: Mean cross-entropy of its batches, in nats, while the weights changed.
        train_top1_error: Share of its images whose most probable class was wrong, likewise; of a mixed image, another
            than the label that weighs more.
        validation_loss: Mean cross-entropy of the validation split at its end, in nats.
        validation_top1_error: Top-1 error of the validation split at its end.
        seconds: Time for its steps, checkpoints among them included, validation not.
        waiting_seconds: Part of that spent waiting for the next batch.
        steps_per_second: Of its steps.
        images_per_second: Of its steps.
    """

    epoch: int
    step: int
    learning_rate: float
    train_loss: float
    train_top1_error: float
    validation_loss: float
    validation_top1_error: float
    seconds: float
    waiting_seconds: float
    steps_per_second: float
    images_per_second: float

    @property
    def quality(self) -> tuple[float, float]:
        """Lower is better: the validation error, and among equals the validation loss."""
        return self.validation_top1_error, self.validation_loss


@dataclass
class Running:
    """Sums over the steps of the epoch that is under way, and ε of the last one."""

    learning_rate: float = 0.0
    steps: int = 0
    loss: float = 0.0
    accuracy: float = 0.0
    seconds: float = 0.0
    waiting: float = 0.0


@dataclass
class State:
    """
    Attributes:
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

    def after_step(self, rate: float, loss: float, accuracy: float, seconds: float, waiting: float) -> None:
        """Count one step."""
        self.step += 1
        self.running.learning_rate = rate
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
            learning_rate=running.learning_rate,
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
