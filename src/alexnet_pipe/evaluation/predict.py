"""What a classifier says of every image of a split: one view and ten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.progress import progress
from alexnet_pipe.inputs.views import CENTRE_VIEW, VIEWS, view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.store.image_store import ImageStore

BATCH = 128
TOP = 5


@dataclass(frozen=True)
class Ranking:
    """The most probable classes of each image, best first.

    Attributes:
        classes: int32 `(images, up to 5)`, labels.
        probabilities: float32 `(images, up to 5)`.
        of_label: float32 `(images,)`, the probability of the true class.
    """

    classes: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    of_label: NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """One row an image, in store order.

    Attributes:
        one_view: From the centre crop.
        ten_view: From the mean softmax of ten views (paper, section 4.1).
        features: float32 `(images, units)`, activations of fc7 for the centre view.
    """

    one_view: Ranking
    ten_view: Ranking
    features: NDArray[np.float32]


def predict(model: Classifier, store: ImageStore) -> Predictions:
    """Run every image of `store` through the network ten times."""
    network = with_features(model)
    one_view, ten_view, features = [], [], []
    with progress("evaluate", len(store), "images") as advance:
        for start in range(0, len(store), BATCH):
            indices = np.arange(start, min(start + BATCH, len(store)))
            softmax, fc7 = ten_view_softmax(network, store.gather(indices))
            labels = store.labels[indices]
            one_view.append(rank(softmax[CENTRE_VIEW], labels))
            ten_view.append(rank(softmax.mean(axis=0), labels))
            features.append(fc7)
            advance(len(indices))
    return Predictions(join_rankings(one_view), join_rankings(ten_view), np.concatenate(features))


def ten_view_softmax(network: Any, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities, float32 `(10, n, classes)`, and fc7 of the centre view, float32 `(n, units)`.

    Args:
        network: The result of `with_features`.
        images: uint8 `(n, 256, 256, 3)`.
    """
    outputs = [network.predict_on_batch(view(images, offset, mirror)) for offset, mirror in VIEWS]
    softmax = np.stack([_softmax(np.asarray(logits, np.float32)) for logits, _ in outputs])
    return softmax, np.asarray(outputs[CENTRE_VIEW][1], np.float32)


def with_features(model: Classifier) -> keras.Model:
    """The same network with two outputs: the logits, and fc7 after its ReLU."""
    network = model.network
    both = keras.Model(network.inputs, [network.outputs[0], network.get_layer("relu7").output])
    inputs = model.input
    return keras.Model(inputs, both(model.get_layer("preprocessing")(**inputs)))


def rank(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> Ranking:
    """The five most probable classes; among equals, the lower label comes first.

    Args:
        probabilities: float32 `(n, classes)`.
        labels: int32 `(n,)`.
    """
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    return Ranking(
        classes=best.astype(np.int32),
        probabilities=np.take_along_axis(probabilities, best, axis=1),
        of_label=probabilities[np.arange(len(labels)), labels],
    )


def join_rankings(parts: Sequence[Ranking]) -> Ranking:
    """The images of all parts, one part after the other."""
    return Ranking(
        np.concatenate([part.classes for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.of_label for part in parts]),
    )


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities
