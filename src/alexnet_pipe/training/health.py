"""Is it learning? A loss that is not a number, or that does not fall, ends hours of work early."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.training.state import RECENT, State

FLAT = 0.99
"""Share of the loss of guessing above which a loss counts as flat."""

Check = Callable[[State], None]


def guessing_loss(labels: NDArray[np.integer]) -> float:
    """The loss of predicting each class by its share of `labels`, in nats: ln(classes) if the classes are equal."""
    shares = np.bincount(labels) / len(labels)
    return float(-sum(share * np.log(share) for share in shares if share))


def require_finite(loss: float, state: State) -> None:
    """
    Raises:
        UserError: if the loss is NaN or infinite.
    """
    if not np.isfinite(loss):
        raise UserError(
            f"the loss became {loss} in epoch {len(state.history) + 1}, step {state.step + 1}: lower "
            "train.learning_rate, or choose another model.initialisation"
        )


def steps_between_looks(wanted: int, planned: int) -> int:
    """How often to look for a flat loss: every `wanted` steps, but after a quarter of a short run at the latest.

    Args:
        wanted: `train.flat_loss_steps`.
        planned: Steps of the whole run.
    """
    return min(wanted, max(RECENT, planned // 4))


def flat_loss_check(labels: NDArray[np.integer], every: int, action: str, initialisation: str) -> Check:
    """A check to call after each step; every `every` steps it looks whether the recent losses are those of guessing.

    Args:
        labels: Of the training images.
        every: Steps.
        action: `stop` raises `UserError`, `warn` prints a line.
        initialisation: `model.initialisation`, named in the advice.
    """
    guessing = guessing_loss(labels)

    def check(state: State) -> None:
        if state.step % every or len(state.recent) < min(every, RECENT):
            return
        recent = float(np.mean(state.recent))
        if recent < FLAT * guessing:
            return
        text = _advice(state.step, recent, guessing, initialisation)
        if action == "stop":
            raise UserError(text + " (train.on_flat_loss: warn goes on all the same)")
        say(f"train: warning: {text}")

    return check


def _advice(step: int, recent: float, guessing: float, initialisation: str) -> str:
    if initialisation == "paper":
        likely = (
            "the paper's initialisation starts late or never on small data sets; set model.initialisation to bvlc or he"
        )
    else:
        likely = "the rate does not fit the data; change train.learning_rate, or train.batch_size"
    return f"after {step:,} steps the loss is {recent:.3f}, and guessing gives {guessing:.3f}. Likely {likely}"
