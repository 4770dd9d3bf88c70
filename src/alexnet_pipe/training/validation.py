"""Loss and top-1 error on the validation split, centre view."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.store.image_store import ImageStore


@dataclass(frozen=True)
class Validation:
    """Mean cross-entropy in nats, and the share of images whose most probable class is wrong."""

    loss: float
    top1_error: float


def validate(model: Any, store: ImageStore, batch_size: int, between: Callable[[], None] = lambda: None) -> Validation:
    """Every image counts once, those of a last, smaller batch too; `between` is called after each batch."""
    losses, wrong = 0.0, 0
    for start in range(0, len(store), batch_size):
        indices = np.arange(start, min(start + batch_size, len(store)))
        logits = np.asarray(model.predict_on_batch(view(store.gather(indices), CENTRE, False)), np.float64)
        labels = store.labels[indices]
        losses += float(_cross_entropy(logits, labels).sum())
        wrong += int((logits.argmax(axis=1) != labels).sum())
        between()
    return Validation(losses / len(store), wrong / len(store))


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    highest = logits.max(axis=1, keepdims=True)
    normalizer = np.log(np.exp(logits - highest).sum(axis=1)) + highest[:, 0]
    losses: np.ndarray = normalizer - logits[np.arange(len(labels)), labels]
    return losses
