"""The learning rate of each step: the paper's rule, which waits for the validation error, and planned ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from alexnet_pipe.params.train import TrainParams

FACTOR = 10
"""By which the paper's rule divides the rate."""


@dataclass(frozen=True)
class Plateau:
    """The paper's learning-rate rule: divide by 10 when the validation error stops falling, then stop (section 5).

    Attributes:
        rate: The learning rate of the next epoch.
        patience: Epochs without a lower error before the rate is cut.
        cuts_left: How often the rate may still be cut.
        best: The lowest validation error so far.
        waited: Epochs since then, or since the last cut.
        finished: Whether the last cut has brought nothing either.
    """

    rate: float
    patience: int
    cuts_left: int
    best: float = float("inf")
    waited: int = 0
    finished: bool = False

    @classmethod
    def start(cls, train: TrainParams) -> "Plateau":
        """The rule before the first epoch."""
        return cls(train.learning_rate, train.patience, train.cuts)

    def after(self, error: float) -> "Plateau":
        """The state after an epoch that ended with this validation error."""
        if error < self.best:
            return replace(self, best=error, waited=0)
        if self.waited + 1 < self.patience:
            return replace(self, waited=self.waited + 1)
        if self.cuts_left == 0:
            return replace(self, waited=self.waited + 1, finished=True)
        return replace(self, rate=self.rate / FACTOR, cuts_left=self.cuts_left - 1, waited=0)


def learning_rate(step: int, plateau: Plateau, train: TrainParams, first_step: Callable[[float], int]) -> float:
    """ε of a step (steps count from 0).

    Over the first `train.warmup_epochs` it rises linearly to `train.learning_rate` (Goyal et al. 2017), or to what
    `plateau` has it at; `linear` and `cosine` (Loshchilov and Hutter 2017) fall from there, to almost 0 at the end.

    Args:
        first_step: As `TrainingStream.first_step`.
    """
    first = plateau.rate if train.schedule == "plateau" else train.learning_rate
    warmup, end = first_step(train.warmup_epochs), first_step(train.max_epochs)
    if step < warmup:
        return first * (step + 1) / warmup
    progress = (step - warmup) / max(1, end - warmup)
    match train.schedule:
        case "linear":
            return first * (1 - progress)
        case "cosine":
            return first * (1 + math.cos(math.pi * progress)) / 2
    return first
