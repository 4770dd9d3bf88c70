"""The training images that a network finds most like a photograph: the nearest in fc7 (paper, section 6.1)."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.examples import spread
from alexnet_pipe.evaluation.neighbours import fc7_batches
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import weights_digest
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore

NEIGHBOURS = 6
"""Columns of figure 4, right, in the paper."""

COMPARED = 5000
"""Training images at most: of a whole ImageNet, five a class, and some minutes of two cores."""


class Neighbour(NamedTuple):
    """A training image, uint8 `(256, 256, 3)`, its class, and how far its fc7 is from the photograph's."""

    pixels: NDArray[np.uint8]
    label: str
    distance: float


class TrainingImages:
    """Training images and their fc7.

    Attributes:
        store: All training images.
        compared: The places of those that are compared.
        features: float32 `(n, units)`, fc7 of their centre views.
    """

    def __init__(self, store: ImageStore, compared: Sequence[int], features: NDArray[np.float32]) -> None:
        self.store, self.compared, self.features = store, compared, features

    def nearest(self, fc7: NDArray[np.float32]) -> list[Neighbour]:
        """The training images nearest to fc7 `(units,)` by Euclidean distance, nearest first."""
        distances = np.linalg.norm(self.features - fc7, axis=1)
        places = np.argsort(distances, kind="stable")[:NEIGHBOURS]
        return [self._neighbour(self.compared[place], float(distances[place])) for place in places]

    def _neighbour(self, index: int, distance: float) -> Neighbour:
        return Neighbour(self.store[index], self.store.classes[self.store.labels[index]], distance)


def training_images(artifacts: Artifacts, model: Classifier, network: Any) -> TrainingImages:
    """The workspace's training images; their fc7 is computed once, and kept below `checkpoints`.

    Args:
        network: The model as `evaluation.predict.with_features` gives it.

    Raises:
        UserError: if there is no store, or its classes are not the model's.
    """
    store = ImageStore.open(artifacts.images, "train")
    if store.classes != model.classes:
        raise UserError(f"{artifacts.images} has other classes than the model was trained on")
    compared = spread(len(store), COMPARED)
    kept = artifacts.checkpoints / "demo" / f"{_fingerprint(artifacts, model)}.npy"
    if not kept.exists():
        features = np.concatenate(list(fc7_batches(network, store, compared, "demo: training images")))
        shutil.rmtree(kept.parent, ignore_errors=True)
        save_array(kept, features)
    return TrainingImages(store, compared, np.load(kept))


def _fingerprint(artifacts: Artifacts, model: Classifier) -> str:
    """Of all that decides fc7; of the store what describes its images, which is small, and not its shards."""
    described: list[Path] = sorted(path for path in artifacts.images.iterdir() if path.suffix != ".npy")
    parameters = {
        "network": model.get_config(),
        "weights": weights_digest(model.get_weights()),
        "compared": COMPARED,
    }
    return fingerprint(parameters, described, ["model", "inputs", "evaluation"])
