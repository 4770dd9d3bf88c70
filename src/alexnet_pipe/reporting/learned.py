"""What the network learned: kernels, examples, neighbours, mistakes, confusion."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.reporting import plots
from alexnet_pipe.reporting.pictures import picture, plot, sharp_picture
from alexnet_pipe.reporting.results import Results

EXAMPLES, QUERIES, NEIGHBOURS, MISTAKES, CLASSES = 8, 5, 6, 12, 20
_COLUMNS = 8
_ZOOM = 4


def learned_section(results: Results, towers: int) -> dict[str, Any]:
    """Pictures and tables of the trained network on the test set, ten views."""
    matrix = confusion_matrix(results)
    return {
        "towers": [sharp_picture(kernel_grid(half)) for half in np.split(results.filters, towers, axis=-1)],
        "examples": [_example(results, index) for index in _spread(len(results.test), EXAMPLES)],
        "neighbours": [_neighbours(results, index) for index in _spread(len(results.test), QUERIES)],
        "mistakes": [_example(results, index) for index in confident_mistakes(results.predictions)[:MISTAKES]],
        "confusion": plot(plots.confusion(matrix, results.test.classes)),
        "classes": class_errors(matrix, results.test.classes),
        "more_classes": max(0, len(results.test.classes) - 2 * CLASSES),
    }


def kernel_grid(filters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernels `(11, 11, 3, n)`, eight in a row, each stretched to 0–255 around grey and drawn four times as large."""
    size, count = filters.shape[0], filters.shape[-1]
    rows = -(-count // _COLUMNS)
    grid = np.full((rows * (size + 1) - 1, _COLUMNS * (size + 1) - 1, 3), 127.5, np.float32)
    for number in range(count):
        top, left = (part * (size + 1) for part in divmod(number, _COLUMNS))
        kernel = filters[..., number]
        grid[top : top + size, left : left + size] = 127.5 + 127.5 * kernel / max(1e-12, float(np.abs(kernel).max()))
    return grid.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)


def confusion_matrix(results: Results) -> NDArray[np.int64]:
    """Counts `(classes, classes)`: rows are actual, columns predicted classes."""
    matrix = np.zeros((len(results.test.classes),) * 2, np.int64)
    predicted = results.predictions["top5_ten_view"].map(lambda top: top[0])
    np.add.at(matrix, (results.predictions["label"].to_numpy(), predicted.to_numpy(int)), 1)
    return matrix


def class_errors(matrix: NDArray[np.int64], classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Images and top-1 error by class, worst first; of many classes the worst and the best only."""
    totals = matrix.sum(axis=1)
    errors = [1 - matrix[label, label] / total if total else None for label, total in enumerate(totals)]
    rows: list[dict[str, Any]] = [
        {"name": name, "images": int(total), "error": error}
        for name, total, error in zip(classes, totals, errors, strict=True)
    ]
    # Classes without test images come last.
    rows.sort(key=lambda row: (row["error"] is None, -(row["error"] or 0)))
    return rows if len(rows) <= 2 * CLASSES else rows[:CLASSES] + rows[-CLASSES:]


def confident_mistakes(predictions: pd.DataFrame) -> list[int]:
    """Images whose most probable class is wrong, the most confident first."""
    best = predictions["top5_ten_view"].map(lambda top: top[0])
    confidence = predictions["top5_probability_ten_view"].map(lambda top: top[0])
    wrong = confidence[best != predictions["label"]].sort_values(ascending=False, kind="stable")
    return [int(index) for index in wrong.index]


def nearest(features: NDArray[np.float32], query: int, count: int) -> list[int]:
    """The images whose fc7 is nearest to that of `query` by Euclidean distance, itself left out."""
    distance = np.square(features - features[query]).sum(axis=1)
    distance[query] = np.inf
    return [int(index) for index in np.argsort(distance, kind="stable")[:count] if index != query]


def _example(results: Results, index: int) -> dict[str, Any]:
    row = results.predictions.iloc[index]
    names = results.test.classes
    pairs = zip(row["top5_ten_view"], row["top5_probability_ten_view"], strict=True)
    return {
        "picture": picture(results.test[index], 128),
        "actual": names[row["label"]],
        "member": row["member"],
        "top": [{"name": names[label], "share": float(p), "right": label == row["label"]} for label, p in pairs],
    }


def _neighbours(results: Results, query: int) -> dict[str, Any]:
    names, labels = results.test.classes, results.test.labels
    near = nearest(np.asarray(results.features), query, NEIGHBOURS)
    return {
        "picture": picture(results.test[query], 96),
        "actual": names[labels[query]],
        "near": [{"picture": picture(results.test[index], 96), "actual": names[labels[index]]} for index in near],
    }


def _spread(images: int, count: int) -> list[int]:
    """`count` different places, evenly spread: the store is ordered by class, so most classes are met."""
    return sorted({int(place) for place in np.linspace(0, images - 1, min(count, images))})
