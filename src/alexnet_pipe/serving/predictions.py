"""What a classifier makes of photographs, from ten views (paper, section 4.1), a batch at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.evaluation.ten_views import BATCH, TOP, FeatureNetwork, ten_view_softmax
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving.photographs import prepared


class Prediction(NamedTuple):
    """Of one photograph the probability of every class, by name, best first; or why it was refused."""

    photograph: Path
    probabilities: Mapping[str, float]
    refusal: RefusedError | None = None
    top: int = TOP
    """How many classes are told."""

    @property
    def best(self) -> list[tuple[str, float]]:
        """The `top` most probable classes, best first."""
        return list(islice(self.probabilities.items(), self.top))


def predictions(model: Classifier, photographs: Iterable[Path]) -> Iterator[list[Prediction]]:
    """One prediction a photograph, in order, in lists of at most `BATCH`; only one batch of them is in memory."""
    network = FeatureNetwork(model)
    params = ResizeParams.model_validate(model.resize)
    remaining = iter(photographs)
    while batch := list(islice(remaining, BATCH)):
        yield _predicted(network, model.classes, batch, params)


def _predicted(
    network: FeatureNetwork, classes: Sequence[str], batch: list[Path], params: ResizeParams
) -> list[Prediction]:
    found = [_pixels_or_refusal(path, params) for path in batch]
    usable = [pixels for pixels in found if not isinstance(pixels, RefusedError)]
    rows = iter(_probabilities(network, classes, np.stack(usable)) if usable else [])
    return [
        Prediction(path, {}, outcome) if isinstance(outcome, RefusedError) else Prediction(path, next(rows))
        for path, outcome in zip(batch, found, strict=True)
    ]


def _pixels_or_refusal(path: Path, params: ResizeParams) -> NDArray[np.uint8] | RefusedError:
    try:
        return prepared(path, params)
    except RefusedError as refusal:
        return refusal


def _probabilities(
    network: FeatureNetwork, classes: Sequence[str], images: NDArray[np.uint8]
) -> list[dict[str, float]]:
    softmax, _ = ten_view_softmax(network, images)
    shares = softmax.mean(axis=0)
    # Among equals the lower label comes first, as in the evaluation.
    ranking = np.argsort(-shares, axis=1, kind="stable")
    return [{classes[label]: float(row[label]) for label in order} for row, order in zip(shares, ranking, strict=True)]
