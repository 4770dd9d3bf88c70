"""What the demo shows of one photograph."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.predict import rank, ten_view_softmax, with_features
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.serving.demo_neighbours import Neighbour, TrainingImages, training_images
from alexnet_pipe.serving.photographs import prepared


class Explanation(NamedTuple):
    """
    Attributes:
        photograph: The file's name.
        pixels: uint8 `(256, 256, 3)`, what the views are cut out of.
        probabilities: Of the five most probable classes from ten views, by name, best first.
        neighbours: The nearest training images, nearest first; none without a store.
    """

    photograph: str
    pixels: NDArray[np.uint8]
    probabilities: Mapping[str, float]
    neighbours: Sequence[Neighbour]


class Explainer:
    """A model, and the training images of a workspace.

    Attributes:
        model: The classifier.
        training: The training images; none if they cannot be compared.
        without: Why they cannot.
    """

    def __init__(self, model: Classifier, artifacts: Artifacts) -> None:
        self.model = model
        self._network = with_features(model)
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
            photograph=photograph.name,
            pixels=pixels,
            probabilities=dict(zip(names, map(float, best.probabilities[0]), strict=True)),
            neighbours=self.training.nearest(fc7[0]) if self.training else [],
        )
