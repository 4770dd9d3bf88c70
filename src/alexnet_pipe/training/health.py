"""Is it learning? The errors on the validation split; and losses that end hours of work early."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, log_softmax

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.statistics.first_kernels import in_words, learned_kernels
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.processes import Processes
from alexnet_pipe.training.state import RECENT, State, Validation

FLAT = 0.99
"""Share of the loss of guessing above which a loss counts as flat."""


def validate(
    model: Classifier,
    held_out: ImageStore,
    batch_size: int,
    between: Callable[[], None] = lambda: None,
    processes: Processes | None = None,
) -> Validation:
    """Loss and error from the centre view; of several processes each computes its share.

    Every image counts once, those of a last, smaller batch too; `between` is called after each batch.
    """
    processes = processes or Processes()
    losses, wrong = 0.0, 0
    for start in range(processes.number * batch_size, len(held_out), processes.count * batch_size):
        indices = np.arange(start, min(start + batch_size, len(held_out)))
        logits = np.asarray(model.predict_on_batch(view(held_out.gather(indices), CENTRE, False)), np.float64)
        labels = held_out.labels[indices]
        losses -= float(log_softmax(logits, axis=1)[np.arange(len(labels)), labels].sum())
        wrong += int((logits.argmax(axis=1) != labels).sum())
        between()
    sums = processes.gathered(np.array([losses, wrong, processes.stop_signal()]))
    processes.hear(int(sums[:, 2].max()))
    between()
    return Validation(float(sums[:, 0].sum()) / len(held_out), float(sums[:, 1].sum()) / len(held_out))


def guessing_loss(labels: NDArray[np.integer], smoothing: float = 0.0) -> float:
    """The loss of predicting each class by its share of `labels`, in nats: ln(classes) if the classes are equal.

    `smoothing` of each label is spread over all classes.
    """
    shares = np.bincount(labels) / len(labels)
    return float(entr(shares + smoothing * (1 / len(shares) - shares)).sum())


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


def require_learning(state: State, stream: TrainingStream, model: Classifier, train: TrainParams) -> None:
    """Look now and then whether the recent losses are those of guessing: after the warm-up, at `steps_between_looks`.

    Raises:
        UserError: if they are; instead, `train.on_flat_loss` may have a line printed.
    """
    every, since = steps_between_looks(stream, train), state.step - stream.first_step(train.warmup_epochs)
    if since <= 0 or since % every or len(state.recent) < min(every, RECENT):
        return
    recent, guessing = float(np.mean(state.recent)), guessing_loss(stream.store.labels, train.label_smoothing)
    if recent < FLAT * guessing:
        return
    text = f"after {state.step:,} steps the loss is {recent:.3f}, and guessing gives {guessing:.3f}. "
    text += _likely_cause(state, guessing, model.network.arguments["initialisation"])
    if train.on_flat_loss == "stop":
        raise UserError(text + " (train.on_flat_loss: warn goes on all the same)")
    say(f"train: warning: {text}")


def _likely_cause(state: State, guessing: float, initialisation: str) -> str:
    learned = [epoch.epoch for epoch in state.history if epoch.train_loss < FLAT * guessing]
    if learned:
        return (
            f"It had learned until epoch {learned[-1]} and has collapsed; lower train.learning_rate, or bound the "
            "gradients by train.clip_norm"
        )
    if initialisation == "paper":
        return (
            "Likely the paper's initialisation starts late or never on small data sets; set model.initialisation to "
            "bvlc or he"
        )
    return "Likely the rate does not fit the data; change train.learning_rate, or train.batch_size"


def look_at_first_kernels(state: State, model: Classifier, train: TrainParams) -> None:
    """Half-way through the epochs that were asked for, remark on a tower whose first kernels are mostly noise."""
    if len(state.history) != -(-train.max_epochs // 2) or "conv1" not in train.trained:
        return
    kernels = np.asarray(model.network.get_layer("conv1").kernel)
    counts = learned_kernels(kernels, model.network.arguments["variant"])
    if min(counts) >= kernels.shape[-1] // len(counts) / 2:
        return
    if model.network.arguments["input_scale"] == 1:
        change = "on a small data set model.initialisation: he with model.input_scale: 0.015625 lets all of it learn"
    else:
        change = "more epochs, or a larger train.learning_rate_multipliers of conv1"
    say(
        f"train: warning: of the first kernels only {in_words(counts, kernels.shape[-1])} have become more than noise "
        f"in half of the epochs; what may help: {change}"
    )


def steps_between_looks(stream: TrainingStream, train: TrainParams) -> int:
    """`train.flat_loss_steps`; in a short run a quarter of it, but not before there are losses enough."""
    return min(train.flat_loss_steps, max(RECENT, stream.first_step(train.max_epochs) // 4))
