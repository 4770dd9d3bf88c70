"""What the demo shows of one photograph: its classes, and the training images nearest in fc7 (paper, section 6.1)."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.examples import Network, fc7_batches, spread
from alexnet_pipe.evaluation.ten_views import FeatureNetwork, rank, ten_view_softmax
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import weights_digest
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.serving.photographs import prepared
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


class Explanation(NamedTuple):
    """
    Attributes:
        pixels: uint8 `(256, 256, 3)`, what the views are cut out of.
        probabilities: Of the five most probable classes from ten views, by name, best first.
        neighbours: The nearest training images, nearest first; none without a store.
    """

    pixels: NDArray[np.uint8]
    probabilities: Mapping[str, float]
    neighbours: Sequence[Neighbour]


class TrainingImages(NamedTuple):
    """Training images and their fc7.

    Attributes:
        store: All training images.
        compared: The places of those that are compared.
        features: float32 `(n, units)`, fc7 of their centre views.
    """

    store: ImageStore
    compared: Sequence[int]
    features: NDArray[np.float32]

    def nearest(self, fc7: NDArray[np.float32]) -> list[Neighbour]:
        """The training images nearest to fc7 `(units,)` by Euclidean distance, nearest first."""
        distances = np.linalg.norm(self.features - fc7, axis=1)
        places = np.argsort(distances, kind="stable")[:NEIGHBOURS].tolist()
        return [self._neighbour(self.compared[place], float(distances[place])) for place in places]

    def _neighbour(self, index: int, distance: float) -> Neighbour:
        return Neighbour(self.store[index], self.store.classes[self.store.labels[index]], distance)


class Explainer:
    """A model, and the training images of a workspace; if these cannot be compared, why they cannot (`without`)."""

    def __init__(self, model: Classifier, artifacts: Artifacts) -> None:
        self.model = model
        self._network = FeatureNetwork(model)
        self._params = ResizeParams.model_validate(model.resize)
        self.training: TrainingImages | None = None
        self.without = ""
        try:
            self.training = training_images(artifacts, model, self._network)
        except UserError as error:
            self.without = str(error)

    def explain(self, photograph: Path) -> Explanation:
        """What the network sees in `photograph`.

        Raises:
            RefusedError: as `serving.photographs.prepared` does.
        """
        pixels = prepared(photograph, self._params)
        softmax, fc7 = ten_view_softmax(self._network, pixels[None])
        best = rank(softmax.mean(axis=0), labels=np.zeros(1, np.int32))
        names = [self.model.classes[label] for label in best.classes[0]]
        return Explanation(
            pixels=pixels,
            probabilities=dict(zip(names, map(float, best.probabilities[0]), strict=True)),
            neighbours=self.training.nearest(fc7[0]) if self.training else [],
        )


def training_images(artifacts: Artifacts, model: Classifier, network: Network) -> TrainingImages:
    """The workspace's training images; their fc7 is computed once, by `network`, and kept below `checkpoints`.

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
    return fingerprint(artifacts.root, "evaluate", parameters, described)
