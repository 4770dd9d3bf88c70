"""Errors of one or several models on labelled photographs, and of their mean answer (paper, section 6, table 2)."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.terminal import json_text, output_console, plain_table, printable, utf8_output, with_interval
from alexnet_pipe.datasets.labels import labels_of
from alexnet_pipe.evaluation.error_rates import Predictions, error_metrics
from alexnet_pipe.evaluation.ten_views import (
    BATCH,
    Network,
    Ranking,
    one_and_ten,
    rank,
    ten_view_softmax,
)
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.portable.network import Network as Portable
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.pretrained.published import FIGURES, Figures
from alexnet_pipe.serving.named_files import labelled_photographs, prepared, some

AVERAGE = "average"
"""What the mean answer of several models is called."""

_IMAGENET = 1000
"""Classes of ILSVRC2012."""

Refuse = Callable[[Path, RefusedError], None]
_Batch = tuple[dict[ResizeParams, NDArray[np.uint8]], NDArray[np.int32]]


def show_errors(models: Mapping[str, Portable], folder: Path, as_json: bool) -> None:
    """Print the errors of each model, by name, and of all together; what is refused is named on standard error.

    Raises:
        UserError: if no photograph could be used, and as `common_classes` and `labelled_photographs`.
    """
    classes = common_classes(models)
    photographs, outside, numbered = labelled_photographs(folder, classes)
    refused: list[Path] = []

    def refuse(path: Path, refusal: RefusedError) -> None:
        refused.append(path)
        say(f"refused: {printable(path)}: {printable(refusal)}")

    with redirect_stdout(sys.stderr):
        if outside:
            say(f"evaluate: files outside any class folder, ignored: {outside:,}")
        if numbered:
            say(f"evaluate: folders are taken for label numbers, counted from 0: 0 is {printable(classes[0])}")
        metrics = photograph_errors(list(models.values()), classes, photographs, refuse)
    if not metrics:
        raise UserError(f"{folder}: no photograph could be used; the reasons stand above")
    if as_json:
        _print_json(list(models), metrics, len(refused))
    else:
        print(f"{metrics[0]['examples']:,} photographs of {len(classes):,} classes; {len(refused):,} refused\n")
        published = [model.variant for model in models.values() if len(model.classes) == _IMAGENET]
        found = {variant: FIGURES[variant] for variant in published if variant in FIGURES}
        output_console().print(_table([*models, AVERAGE], metrics, found.values()))
        if found:
            print("published: of these variants, on the 50,000 validation images of ILSVRC2012")


def photograph_errors(
    models: Sequence[Network], classes: Sequence[str], photographs: Sequence[tuple[Path, int]], refuse: Refuse
) -> list[dict[str, Any]]:
    """The metrics of each model, named as in `metrics/test.json`; if there are several, at last of their mean answer.

    Only one batch of photographs is in memory. Each model gets them as its own file says that they are prepared.

    Args:
        models: The classifiers.
        classes: Their class names, in label order; a model may have them in another.
        photographs: Paths and labels.
        refuse: Called with every file that cannot be used, and why. If all are refused, there are no metrics.
    """
    networks = [_Aligned(model, classes) for model in models]
    policies = {network.params for network in networks}
    # Five classes and some numbers an image.
    said: list[list[list[Ranking]]] = [[] for _ in range(len(models) + (len(models) > 1))]
    truth: list[NDArray[np.int32]] = []
    for images, labels in _batches(photographs, policies, refuse):
        truth.append(labels)
        answers = [network.answers(images[network.params]) for network in networks]
        for rankings, answer in zip(said, [*answers, np.mean(answers, axis=0)], strict=False):
            rankings.append([rank(shares, labels) for shares in answer])
    return [_metrics(rankings, np.concatenate(truth), len(classes)) for rankings in said if rankings]


def common_classes(models: Mapping[str, Network]) -> tuple[str, ...]:
    """The class names of the first model; the others have the same, or the same WordNet numbers, in any order.

    Raises:
        UserError: if they do not.
    """
    (first, model), *others = models.items()
    for name, other in others:
        without = set(model.classes) - labels_of(model.classes, other.classes).keys()
        differences = {"without": without, "with": set(other.classes) - labels_of(other.classes, model.classes).keys()}
        if said := [f"{word} {some(names)}" for word, names in differences.items() if names]:
            raise UserError(f"{name} has other classes than {first}, {' and '.join(said)}: evaluate it by itself")
    return model.classes


class _Aligned:
    """A model whose outputs are in the order of `classes`."""

    def __init__(self, model: Network, classes: Sequence[str]) -> None:
        self.params = ResizeParams.model_validate(model.resize)
        self._network = model
        labels = labels_of(classes, model.classes)
        self._order = [labels[name] for name in classes]

    def answers(self, images: NDArray[np.uint8]) -> NDArray[np.floating]:
        """`(4, n, classes)`: from the centre view and from ten, with the model's temperatures and without."""
        views, _ = ten_view_softmax(self._network, images)
        said = (*one_and_ten(views, self._network.temperatures), *one_and_ten(views))
        return np.stack(said)[..., self._order]


def _metrics(rankings: Sequence[Sequence[Ranking]], labels: NDArray[np.int32], classes: int) -> dict[str, Any]:
    nothing = np.empty((len(labels), 0), np.float32)
    return error_metrics(Predictions.joined(rankings, nothing), labels, classes)


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


def _print_json(names: Sequence[str], metrics: Sequence[dict[str, Any]], refused: int) -> None:
    content = {"models": dict(zip(names, metrics, strict=False))}
    if len(metrics) > len(names):
        content[AVERAGE] = metrics[-1]
    print(json_text({**content, "refused": refused}, indent=2), file=utf8_output())


def _table(names: Sequence[str], metrics: Sequence[dict[str, Any]], published: Iterable[Figures]) -> Table:
    rows: list[tuple[str, ...]] = [
        (
            name if top == 1 else "",
            f"top-{top}",
            *(_cell(found, f"top{top}_error{views}") for views in ("", "_ten_view")),
        )
        for name, found in zip(names, metrics, strict=False)
        for top in (1, 5)
        if found[f"top{top}_error"] is not None
    ]
    for figures in published:
        for top, accuracy in ((1, figures.top1), (5, figures.top5)):
            error = f"{100 - accuracy:.1f} %"
            cells = (error, "") if figures.views == 1 else ("", error)
            rows.append((f"published: {figures.whose}" if top == 1 else "", f"top-{top}", *cells))
    return plain_table(("model", "error", "one view", "ten views"), rows)


def _cell(found: Mapping[str, Any], name: str) -> str:
    share = with_interval(found[name], **found[f"{name}_interval"])
    return f"{share}, {found[f'{name}_count']:,} of {found['examples']:,}"
