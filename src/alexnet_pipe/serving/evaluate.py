"""Errors of one or several models on labelled photographs, and of their mean softmax (paper, section 6, table 2)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.progress import progress
from alexnet_pipe.evaluation.errors import error_metrics
from alexnet_pipe.evaluation.predict import (
    BATCH,
    Predictions,
    Ranking,
    join_rankings,
    rank,
    ten_view_softmax,
    with_features,
)
from alexnet_pipe.inputs.views import CENTRE_VIEW
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving.photographs import prepared

Refuse = Callable[[Path, RefusedError], None]
_Batch = tuple[dict[ResizeParams, NDArray[np.uint8]], NDArray[np.int32]]


def evaluate(
    models: Sequence[Classifier], classes: Sequence[str], photographs: Sequence[tuple[Path, int]], refuse: Refuse
) -> list[dict[str, Any]]:
    """The metrics of each model, named as in `metrics/test.json`; if there are several, at last of their mean softmax.

    Only one batch of photographs is in memory. Each model gets them as its own file says that they are prepared.

    Args:
        models: The classifiers.
        classes: Their class names, in label order; a model may have them in another.
        photographs: Paths and labels.
        refuse: Called with every file that cannot be used, and why; it counts in no metric.

    Returns:
        The metrics; nothing at all if every file was refused.
    """
    networks = [_Network(model, classes) for model in models]
    tallies = [_Tally() for _ in range(len(models) + (len(models) > 1))]
    policies = {network.params for network in networks}
    for images, labels in _batches(photographs, policies, refuse):
        softmax = [network.softmax(images[network.params]) for network in networks]
        for tally, views in zip(tallies, [*softmax, np.mean(softmax, axis=0)], strict=False):
            tally.add(views, labels)
    return [tally.metrics(len(classes)) for tally in tallies if tally.labels]


class _Network:
    """A model whose outputs are in the order of `classes`."""

    def __init__(self, model: Classifier, classes: Sequence[str]) -> None:
        self.params = ResizeParams.model_validate(model.resize)
        self._network = with_features(model)
        self._order = [model.classes.index(name) for name in classes]

    def softmax(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Float32 `(2, n, classes)`: of the centre view, and the mean of the ten."""
        views, _ = ten_view_softmax(self._network, images)
        return np.stack([views[CENTRE_VIEW], views.mean(axis=0)])[..., self._order]


@dataclass
class _Tally:
    """What was said of the images so far: five classes and some numbers an image."""

    labels: list[NDArray[np.int32]] = field(default_factory=list)
    rankings: tuple[list[Ranking], list[Ranking]] = field(default_factory=lambda: ([], []))

    def add(self, views: NDArray[np.float32], labels: NDArray[np.int32]) -> None:
        self.labels.append(labels)
        for ranking, softmax in zip(self.rankings, views, strict=True):
            ranking.append(rank(softmax, labels))

    def metrics(self, classes: int) -> dict[str, Any]:
        labels = np.concatenate(self.labels)
        one_view, ten_view = map(join_rankings, self.rankings)
        return error_metrics(Predictions(one_view, ten_view, np.empty((len(labels), 0), np.float32)), labels, classes)


def _batches(photographs: Sequence[tuple[Path, int]], policies: set[ResizeParams], refuse: Refuse) -> Iterator[_Batch]:
    """Images by the way in which they are prepared, uint8 `(n, 256, 256, 3)`, and labels, int32 `(n,)`."""
    remaining = iter(photographs)
    with progress("evaluate", len(photographs), "photographs") as advance:
        while batch := list(islice(remaining, BATCH)):
            usable = []
            for path, label in batch:
                try:
                    usable.append((label, {params: prepared(path, params) for params in policies}))
                except RefusedError as refusal:
                    refuse(path, refusal)
            if usable:
                images = {params: np.stack([pixels[params] for _, pixels in usable]) for params in policies}
                yield images, np.array([label for label, _ in usable], np.int32)
            advance(len(batch))
