"""What common corruptions of photographs cost (Hendrycks and Dietterich 2019): errors by corruption and severity."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import sqrt
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.progress import progress
from alexnet_pipe.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from alexnet_pipe.evaluation.examples import Network, spread
from alexnet_pipe.evaluation.significance import Z, wilson_interval
from alexnet_pipe.store.image_store import ImageStore

QUICK = ("gaussian_noise", "defocus_blur", "contrast")
"""One of noise, one of blur, one of the digital ones: what every run looks at."""

QUICK_SEVERITIES = (3,)
QUICK_IMAGES = 100
"""Test images at most, evenly spread, however many there are: their errors are known to ten points or better."""

IMAGENET_C: Mapping[str, float] = MappingProxyType(
    dict(
        zip(
            CORRUPTIONS,
            (0.886, 0.894, 0.923, 0.820, 0.826, 0.786, 0.798, 0.867, 0.827, 0.819, 0.565, 0.853, 0.646, 0.718, 0.607),
            strict=True,
        )
    )
)
"""What the paper found of an AlexNet on ImageNet, the mean of five severities; without a corruption it has 0.435."""

_TOGETHER = 128


def robustness(
    network: Network,
    store: ImageStore,
    count: int = QUICK_IMAGES,
    names: Sequence[str] = QUICK,
    severities: Sequence[int] = QUICK_SEVERITIES,
    task: str = "evaluate: corruptions",
) -> dict[str, Any]:
    """How many of `count` images of `store`, evenly spread, are wrong from the centre view; `task` is shown.

    `examples`; `clean`, the wrong ones as they are; `wrong`, by corruption and severity; `mean_corruption_error`, the
    mean of all of these, each of which counts the same, with its 95 % interval over images.
    """
    places = spread(len(store), count)
    labels = store.labels[places]
    wrong: dict[str, dict[str, int]] = {name: {} for name in names}
    times_wrong = np.zeros(len(places))
    with progress(task, len(places) * len(names) * len(severities), "images") as advance, ThreadPoolExecutor() as pool:
        clean = _is_wrong(network, _chunks(store, places), labels)
        for name in names:
            for severity in severities:
                spoil = partial(corrupted, name=name, severity=severity)
                spoilt = (np.stack(list(pool.map(spoil, images))) for images in _chunks(store, places))
                found = _is_wrong(network, spoilt, labels)
                wrong[name][str(severity)] = int(found.sum())
                times_wrong += found
                advance(len(places), note=f"{name}, {severity}")
    mean, low, high = _mean_with_interval(times_wrong / (len(names) * len(severities)))
    return {
        "examples": len(places),
        "clean": int(clean.sum()),
        "wrong": wrong,
        "mean_corruption_error": mean,
        "mean_corruption_error_interval": {"low": low, "high": high},
    }


def corruption_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a corruption of what `robustness` found, in the paper's order.

    `name`, `kind`, `errors` by severity with `low` and `high`, their `mean`, and `published`, which is of ImageNet.
    """
    rows = []
    for name, counts in found["wrong"].items():
        errors = {int(severity): _error(count, found["examples"]) for severity, count in counts.items()}
        mean = sum(error["error"] for error in errors.values()) / len(errors)
        known = {"name": name, "kind": CORRUPTIONS[name].kind, "published": IMAGENET_C[name]}
        rows.append({**known, "errors": errors, "mean": mean})
    return rows


def severity_means(found: Mapping[str, Any], kind: str | None = None) -> dict[int, float]:
    """The mean error by severity, of a kind of corruptions or of all; the clean one stands at 0."""
    rows = [row["errors"] for row in corruption_rows(found) if kind in (None, row["kind"])]
    means = {n: float(np.mean([row[n]["error"] for row in rows])) for n in SEVERITIES if all(n in row for row in rows)}
    return {0: found["clean"] / found["examples"], **means}


def _chunks(store: ImageStore, places: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    return (store.gather(places[start : start + _TOGETHER]) for start in range(0, len(places), _TOGETHER))


def _is_wrong(network: Network, chunks: Iterator[NDArray[np.uint8]], labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    guesses = np.concatenate([network.outputs(images)[0][0].argmax(axis=1) for images in chunks])
    return np.asarray(guesses != labels)


def _error(count: int, total: int) -> dict[str, float]:
    low, high = wilson_interval(count, total)
    return {"error": count / total, "low": low, "high": high}


def _mean_with_interval(shares: NDArray[np.float64]) -> tuple[float, float, float]:
    """By the normal distribution, over images: those of one image are no chances of their own."""
    mean = float(shares.mean())
    half = Z * float(shares.std()) / sqrt(len(shares))
    return mean, max(0.0, mean - half), min(1.0, mean + half)
