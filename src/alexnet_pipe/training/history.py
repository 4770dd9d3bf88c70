"""What is kept of each epoch."""

from dataclasses import dataclass

TIMINGS = ("seconds", "waiting_seconds", "steps_per_second", "images_per_second")
"""Fields that differ from run to run; all others repeat to the bit."""


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    Attributes:
        epoch: Counts from 1.
        step: Steps since the start of training, at the epoch's end.
        learning_rate: ε of its steps.
        train_loss: Mean cross-entropy of its batches, in nats, while the weights changed.
        train_top1_error: Share of its images whose most probable class was wrong, likewise.
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
