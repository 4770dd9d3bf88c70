"""The most probable classes of photographs, from ten views (paper, section 4.1), a batch at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.evaluation.predict import BATCH, rank, ten_view_softmax, with_features
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving.photographs import prepared


class Prediction(NamedTuple):
    """
    Attributes:
        photograph: Where it lies.
        probabilities: Of the five most probable classes, by name, best first; empty if the file was refused.
        refusal: Why it was refused.
    """

    photograph: Path
    probabilities: Mapping[str, float]
    refusal: RefusedError | None = None


def predictions(model: Classifier, photographs: Iterable[Path]) -> Iterator[list[Prediction]]:
    """One prediction a photograph, in order, in lists of at most `BATCH`; only one batch of them is in memory."""
    network = with_features(model)
    params = ResizeParams.model_validate(model.resize)
    remaining = iter(photographs)
    while batch := list(islice(remaining, BATCH)):
        yield _predicted(network, model.classes, batch, params)


def _predicted(network: Any, classes: Sequence[str], batch: list[Path], params: ResizeParams) -> list[Prediction]:
    found = [_pixels_or_refusal(path, params) for path in batch]
    usable = [pixels for pixels in found if not isinstance(pixels, RefusedError)]
    rows = iter(_most_probable(network, classes, np.stack(usable)) if usable else [])
    return [
        Prediction(path, {}, outcome) if isinstance(outcome, RefusedError) else Prediction(path, next(rows))
        for path, outcome in zip(batch, found, strict=True)
    ]


def _pixels_or_refusal(path: Path, params: ResizeParams) -> NDArray[np.uint8] | RefusedError:
    try:
        return prepared(path, params)
    except RefusedError as refusal:
        return refusal


def _most_probable(network: Any, classes: Sequence[str], images: NDArray[np.uint8]) -> list[dict[str, float]]:
    softmax, _ = ten_view_softmax(network, images)
    ranking = rank(softmax.mean(axis=0), labels=np.zeros(len(images), np.int32))
    return [
        {classes[label]: float(probability) for label, probability in zip(*row, strict=True)}
        for row in zip(ranking.classes, ranking.probabilities, strict=True)
    ]
