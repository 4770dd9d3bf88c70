"""The temperatures with which the probabilities of a trained classifier fit the validation images (Guo et al. 2017).

One is for the centre view and one for ten: the mean of several softmaxes is less sure than each of them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.signals import held_signals
from alexnet_pipe.inputs.views import CENTRE_VIEW, VIEWS, view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.portable.description import TEMPERATURES
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.processes import Processes

FITTED = 10_000
"""Validation images at most, evenly spread: two numbers need no more."""

DEVIATION = 0.5
"""Of a temperature's logarithm around 0, before any image is seen.

Where no image is wrong, or one, the log loss would have the network say 100 % of everything, or be led by that image.
"""

_LEAST = float(np.finfo(np.float32).tiny)


def fit_temperatures(
    model: Classifier, held_out: ImageStore, batch_size: int, processes: Processes | None = None
) -> None:
    """Give `model`, whose weights are final, its temperatures; of several processes each asks it its share.

    The same weights and images give the same temperatures.

    Raises:
        StoppedError: on Ctrl-C or SIGTERM.
    """
    processes = processes or Processes()
    count = min(FITTED, len(held_out))
    with held_signals() as check:
        (one_view, ten_view), labels = _said(model, held_out, count, batch_size, processes.agreed(check), processes)
    model.temperature = temperature(one_view, labels, processes)
    model.temperature_ten_view = temperature(ten_view, labels, processes)
    say(
        f"train: temperature {model.temperature:g} for one view and {model.temperature_ten_view:g} for ten, fitted on "
        f"{count:,} validation images"
    )


def temperature(probabilities: NDArray[np.float64], labels: NDArray[np.integer], processes: Processes) -> float:
    """The most probable one, to four digits, by the log loss of all processes' images and by `DEVIATION`.

    `probabilities` are of this process's images, `(n, classes)`, and `labels` theirs, `(n,)`; each process calls it.
    """
    logarithms = np.log(np.maximum(probabilities, _LEAST))

    def loss(logarithm: float) -> float:
        tempered = log_softmax(logarithms / np.exp(logarithm), axis=1)
        own = -tempered[np.arange(len(labels)), labels].sum()
        return float(processes.gathered(np.array(own)).sum()) + (logarithm / DEVIATION) ** 2 / 2

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-5})
    return float(f"{np.exp(found.x):.4g}")


def _said(
    model: Classifier,
    held_out: ImageStore,
    count: int,
    batch_size: int,
    check_stop: Callable[[], None],
    processes: Processes,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """What `model` says of this process's share of `count` images, `(2, n, classes)`, and their labels, `(n,)`."""
    places = np.arange(count) * len(held_out) // count
    shares, labels = [np.empty((2, 0, len(model.classes)))], held_out.labels[:0]
    with progress("train: temperature", count, "images") as advance:
        # In the batches of the validation, for which the network is compiled already.
        for start in range(processes.number * batch_size, count, processes.count * batch_size):
            chosen = places[start : start + batch_size]
            shares.append(_one_and_ten(model, held_out.gather(chosen)))
            labels = np.append(labels, held_out.labels[chosen])
            advance(len(chosen) * processes.count)
            check_stop()
    processes.hear(int(processes.gathered(np.array(processes.stop_signal())).max()))
    check_stop()
    return np.concatenate(shares, axis=1), labels


def _one_and_ten(model: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """`(2, n, classes)`: the softmax of the centre view, and the mean of ten."""
    logits = np.stack([model.predict_on_batch(view(images, *each)) for each in VIEWS])
    views = softmax(logits.astype(np.float64), axis=2)
    return np.stack([views[CENTRE_VIEW], views.mean(axis=0)])
