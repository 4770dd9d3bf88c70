"""A trained classifier for a program of one's own: photographs in, tables and arrays out."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.evaluation.ten_views import BATCH, TOP
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.portable.network import Network, open_network
from alexnet_pipe.preparation.decode import RefusedError, resize
from alexnet_pipe.serving.named_files import MODEL, model_file, prepared
from alexnet_pipe.serving.predictions import Prediction, predicted, row_of

Picture = str | Path | Image.Image | NDArray[np.uint8]
"""The path of a photograph; or an image of Pillow's; or RGB pixels, uint8 `(height, width, 3)`."""


def load(model: str | Path = MODEL) -> "TrainedClassifier":
    """The classifier in a file, `.keras` or exported to ONNX, or of a stage, version or revision of the project.

    As `--model` of the command line: `models/alexnet.keras`, `alexnet@prod`, `HEAD~1`. Neither Keras nor TensorFlow is
    imported.

    Raises:
        UserError: if there is none, or it cannot be used.
    """
    with model_file(str(model)) as file:
        return TrainedClassifier(open_network(file))


class TrainedClassifier:
    """What has been trained, to be asked.

    Attributes:
        classes: The class names, in label order.
        variant: A name in `params.model.VARIANTS`.
        weights_digest: SHA-256 of the weights, as in `metrics/train.json`.
    """

    def __init__(self, network: Network) -> None:
        self.classes = network.classes
        self.variant = network.variant
        self.weights_digest = network.weights_digest
        self._network = network
        self._params = ResizeParams.model_validate(network.resize)

    def predict(self, pictures: Picture | Iterable[Picture], top: int = TOP, min_confidence: float = 0) -> pd.DataFrame:
        """The `top` most probable classes of each picture, from ten views: a row each, as `predict --csv` has them.

        The columns are `photograph` (its path, or its number where it has none), `outcome`, `reason`, and `class1`,
        `probability1`, and so on. A photograph that cannot be used is a row with its reason, and so is one that is
        `unsure`: its most probable class has less than `min_confidence`.

        Raises:
            UserError: if that is no probability.
        """
        if not 0 <= min_confidence <= 1:
            raise UserError(f"min_confidence {min_confidence:g} is no probability: give one from 0 to 1")
        found = self._predictions(_listed(pictures))
        rows = [row_of(each._replace(top=top, min_confidence=min_confidence)) for each in found]
        pairs = [f"{name}{n}" for n in range(1, 1 + min(top, len(self.classes))) for name in ("class", "probability")]
        return pd.DataFrame(rows, columns=["photograph", "outcome", "reason", *pairs])

    def features(self, pictures: Picture | Iterable[Picture]) -> NDArray[np.float32]:
        """fc7 after its ReLU, of the centre view, float32 `(n, units)`: as the paper compares images (section 6.1).

        Raises:
            UserError: if a photograph cannot be used.
        """
        found = []
        for batch in _batches(_listed(pictures)):
            pixels = []
            for name, picture in batch:
                try:
                    pixels.append(self._pixels(picture))
                except RefusedError as refusal:
                    raise UserError(f"{name}: {refusal}") from None
            found.append(self._network.outputs(np.stack(pixels))[1][0])
        return np.concatenate(found) if found else np.empty((0, 0), np.float32)

    def _predictions(self, pictures: Iterable[tuple[Path, Picture]]) -> Iterator[Prediction]:
        for batch in _batches(pictures):
            yield from predicted(self._network, [(name, partial(self._pixels, picture)) for name, picture in batch])

    def _pixels(self, picture: Picture) -> NDArray[np.uint8]:
        if isinstance(picture, str | Path):
            return prepared(Path(picture), self._params)
        return resize(_image(picture), self._params.policy)


def _image(picture: Image.Image | NDArray[np.uint8]) -> Image.Image:
    """
    Raises:
        UserError: if it is an array, and not RGB pixels.
    """
    if isinstance(picture, Image.Image):
        return picture.convert("RGB")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        shape = "×".join(map(str, picture.shape))
        raise UserError(
            f"an array of {picture.dtype}, {shape}, is no photograph: give RGB pixels, uint8 (height, width, 3)"
        )
    return Image.fromarray(picture)


def _listed(pictures: Picture | Iterable[Picture]) -> Iterator[tuple[Path, Picture]]:
    """Each with its path, or with its number as its name."""
    if isinstance(pictures, str | Path | Image.Image) or (isinstance(pictures, np.ndarray) and pictures.ndim == 3):
        pictures = [pictures]
    for number, picture in enumerate(pictures):
        yield Path(picture) if isinstance(picture, str | Path) else Path(str(number)), picture


def _batches(pictures: Iterable[tuple[Path, Picture]]) -> Iterator[list[tuple[Path, Picture]]]:
    remaining = iter(pictures)
    while batch := list(islice(remaining, BATCH)):
        yield batch
