"""What smaller forms of a classifier cost and save: errors on the test images, bytes, and images a second."""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress
from alexnet_pipe.base.terminal import plain_table, with_interval
from alexnet_pipe.evaluation.significance import Comparison, paired, wilson_interval
from alexnet_pipe.exporting.onnx_forms import asked, session
from alexnet_pipe.store.image_store import ImageStore

LARGEST_LOSS = 0.005
"""Of top-1 accuracy, as a share of the test images: a form that loses this much is not written."""

SIGNIFICANCE = 0.05
"""Below this p-value of McNemar's test a loss is no chance, and the whole of its interval counts."""

THREADS = {"one_thread": 1, "all_threads": 0}
BATCHES = (1, 32)

_REPEATS = {1: 15, 32: 5}
_TOGETHER = 32

Wrong = Mapping[str, "pd.Series[bool]"]
Speeds = dict[str, dict[str, dict[str, float]]]


def wrong_answers(graphs: Mapping[str, bytes], test: ImageStore) -> Wrong:
    """By form which test images it gets wrong from the centre view, in store order."""
    wrong = {}
    with progress("export", len(graphs) * len(test), "images") as advance:
        for name, graph in graphs.items():
            network, answers = session(graph), []
            for start in range(0, len(test), _TOGETHER):
                images = test.gather(np.arange(start, min(start + _TOGETHER, len(test))))
                answers.append(asked(network, images).argmax(axis=1))
                advance(len(images), note=name)
            wrong[name] = pd.Series(np.concatenate(answers) != test.labels)
    return wrong


def require_kept(name: str, comparison: Comparison) -> None:
    """`comparison` is of float32, first, and the form `name`.

    Raises:
        UserError: with the figures, if the form loses `LARGEST_LOSS` or more, or may do so where a loss is no chance.
    """
    difference, low, high = comparison.difference
    if (high if comparison.p_value < SIGNIFICANCE else difference) < LARGEST_LOSS:
        return
    raise UserError(
        f"nothing is written: of {comparison.images:,} test images {name} gets {comparison.second_errors:,} wrong and "
        f"float32 {comparison.first_errors:,}, {100 * difference:+.2f} points ({100 * low:+.2f} to {100 * high:+.2f}; "
        f"{comparison.lost:,} lost, {comparison.won:,} won, McNemar's p = {comparison.p_value:.2g}); it may lose less "
        f"than {100 * LARGEST_LOSS:g}: use a float16 format"
    )


def images_per_second(graphs: Mapping[str, bytes], images: NDArray[np.uint8]) -> Speeds:
    """By form, by `THREADS` and by size of a batch: medians of batches that the forms compute by turns.

    The images are uint8 `(n, 256, 256, 3)`; they are taken again where a batch needs more.
    """
    speeds: Speeds = {name: {threads: {} for threads in THREADS} for name in graphs}
    with progress("export", len(THREADS) * len(BATCHES), "speeds") as advance:
        for threads, number in THREADS.items():
            sessions = {name: session(graph, number) for name, graph in graphs.items()}
            for size in BATCHES:
                batch = images[np.arange(size) % len(images)]
                works = {name: partial(asked, network, batch) for name, network in sessions.items()}
                for name, seconds in by_turns(works, _REPEATS[size]).items():
                    speeds[name][threads][str(size)] = round(size / seconds, 1)
                advance()
    return speeds


def by_turns(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median seconds of each; a round does all of them once, so that what else the machine does falls on all."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(1 + repeats):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if turn:  # The first is to warm up.
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(each) for name, each in seconds.items()}


def figures(graphs: Mapping[str, bytes], wrong: Wrong, speeds: Speeds) -> dict[str, Any]:
    """What `metrics/forms.json` holds of each form; the first of them is what the others are compared with."""
    first, *_ = graphs
    total, rows = len(wrong[first]), []
    for name, graph in graphs.items():
        count = int(wrong[name].sum())
        low, high = wilson_interval(count, total)
        rows.append(
            {
                "form": name,
                "bytes": len(graph),
                "top1_error": count / total,
                "top1_error_count": count,
                "top1_error_interval": {"low": low, "high": high},
                "images_per_second": speeds[name],
                "against_first": None if name == first else _told(paired(wrong[first], wrong[name])),
            }
        )
    return {"examples": total, "onnxruntime": onnxruntime.__version__, "forms": rows}


def form_table(found: Mapping[str, Any]) -> Table:
    """The same for people; speeds are images a second, by threads and how many are computed together."""
    rows = []
    for form in found["forms"]:
        speeds = [f"{form['images_per_second'][threads][str(size)]:,}" for threads in THREADS for size in BATCHES]
        change = form["against_first"]
        told = ""
        if change:
            difference, low, high = (100 * change[end] for end in ("difference", "low", "high"))
            told = f"{with_interval(difference, low, high, '+.2f')}, p = {change['p_value']:.2g}"
        rows.append((form["form"], f"{form['bytes'] / 1e6:,.1f}", f"{form['top1_error']:.2%}", told, *speeds))
    names = [f"{threads.replace('_', ' ')}, {size}" for threads in THREADS for size in BATCHES]
    return plain_table(("form", "MB", "top-1 error", "points more", *names), rows)


def _told(comparison: Comparison) -> dict[str, float]:
    difference, low, high = comparison.difference
    told = {"lost": comparison.lost, "won": comparison.won, "p_value": comparison.p_value}
    return {**told, "difference": difference, "low": low, "high": high}
