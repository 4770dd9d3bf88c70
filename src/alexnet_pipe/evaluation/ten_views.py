"""What a classifier says of images: one view and ten, in batches of one size."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from alexnet_pipe.inputs.views import CENTRE_VIEW, VIEWS, View, crops, tempered

if TYPE_CHECKING:
    from alexnet_pipe.model.classifier import Classifier

BATCH = 64
"""Views that are computed together: what the layers hand on stays in the processor's cache."""

TOP = 5

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]
Temperatures = tuple[float, float]


class Network(Protocol):
    """A classifier that also gives its features, whoever computes it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in label order."""

    @property
    def resize(self) -> Mapping[str, str]:
        """`policy` and `background`: how a photograph becomes 256×256 pixels."""

    @property
    def temperatures(self) -> Temperatures:
        """Of the centre view's answers, and of those of ten views."""

    def outputs(self, images: NDArray[np.uint8], views: Sequence[View] = ...) -> Outputs:
        """Of views of images, uint8 `(n, 256, 256, 3)`: logits, float32 `(views, n, classes)`; fc7 after its ReLU."""


class FeatureNetwork:
    """A `Network` that Keras computes."""

    def __init__(self, model: "Classifier") -> None:
        self.classes, self.resize = model.classes, model.resize
        self.temperatures = (model.temperature, model.temperature_ten_view)
        self._network = model.with_features()

    def outputs(self, images: NDArray[np.uint8], views: Sequence[View] = (VIEWS[CENTRE_VIEW],)) -> Outputs:
        """Of views of images, uint8 `(n, 256, 256, 3)`: logits, float32 `(views, n, classes)`; fc7 after its ReLU."""
        rows = [(image, view) for view in views for image in range(len(images))]
        batches = [self._batch(images, rows[start : start + BATCH], len(rows)) for start in range(0, len(rows), BATCH)]
        logits, features = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        shape = (len(views), len(images), -1)
        return logits.reshape(shape), features.reshape(shape)

    def _batch(self, images: NDArray[np.uint8], rows: list[tuple[int, View]], total: int) -> Outputs:
        if total <= BATCH:
            # Operation by operation: to trace a graph takes longer than it saves.
            outputs = self._network(crops(images, rows), training=False)
        else:
            # The last batch is filled up: another size would be traced, and compiled, once more.
            filled = rows + rows[:1] * (BATCH - len(rows))
            outputs = self._network.predict_on_batch(crops(images, filled))
        logits, features = (np.asarray(output, np.float32)[: len(rows)] for output in outputs)
        return logits, features


def ten_view_softmax(network: Network, images: NDArray[np.uint8]) -> Outputs:
    """The softmax of each view, float32 `(10, n, classes)`, and fc7 of the centre view, float32 `(n, units)`.

    The images are uint8 `(n, 256, 256, 3)`.
    """
    logits, features = network.outputs(images, VIEWS)
    return softmax(logits, axis=2), features[CENTRE_VIEW]


def one_and_ten(views: NDArray[np.float32], temperatures: Temperatures = (1.0, 1.0)) -> NDArray[np.floating]:
    """Probabilities from the centre view and from ten, with a temperature each, `(2, n, classes)`.

    `views` are the softmax of each view, `(10, n, classes)`.
    """
    return np.stack(list(map(tempered, (views[CENTRE_VIEW], views.mean(axis=0)), temperatures)))


def ten_view_answers(network: Network, images: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The probabilities that are told of images, uint8 `(n, 256, 256, 3)`, from ten views: `(n, classes)`."""
    return one_and_ten(ten_view_softmax(network, images)[0], network.temperatures)[1]


class Ranking(NamedTuple):
    """The most probable classes of each image, best first.

    Attributes:
        classes: int32 `(images, up to 5)`, labels.
        probabilities: float32 `(images, up to 5)`.
        of_label: float32 `(images,)`, the probability of the true class.
        squares: float32 `(images,)`, the sum of the squares of all probabilities.
    """

    classes: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    of_label: NDArray[np.float32]
    squares: NDArray[np.float32]


def rank(probabilities: NDArray[np.floating], labels: NDArray[np.int32]) -> Ranking:
    """The five most probable classes; among equals, the lower label comes first.

    `probabilities` are floats `(n, classes)`, `labels` int32 `(n,)`.
    """
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
    return Ranking(
        classes=best.astype(np.int32),
        probabilities=np.take_along_axis(probabilities, best, axis=1).astype(np.float32),
        of_label=probabilities[np.arange(len(labels)), labels].astype(np.float32),
        squares=np.square(probabilities).sum(axis=1).astype(np.float32),
    )


def join_rankings(parts: Sequence[Ranking]) -> Ranking:
    """The images of all parts, one part after the other."""
    return Ranking(*map(np.concatenate, zip(*parts, strict=True)))
