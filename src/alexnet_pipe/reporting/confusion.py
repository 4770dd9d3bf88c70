"""Which classes are taken for which."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.reporting.pictures import sharp_picture
from alexnet_pipe.reporting.results import Results

NAMED = 25
"""The most classes whose confusion is a table; of more it is a picture."""

BLOCKS = 250
"""The most blocks along a side of the picture; more classes share them."""

PAIRS = 20
_ZOOM = 500
_WHITE, _BLACK = np.array([255.0, 255, 255]), np.array([8.0, 38, 84])


def confusion_section(results: Results) -> dict[str, Any]:
    """The matrix as rows of cells or as a picture, and the pairs of classes that are confused most often."""
    matrix, names = confusion_matrix(results), results.test.classes
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    few = len(names) <= NAMED
    return {
        "names": names if few else (),
        "rows": [
            {"name": name, "cells": [(int(n), float(share)) for n, share in zip(counts, row, strict=True)]}
            for name, counts, row in zip(names, matrix, shares, strict=True)
        ]
        if few
        else [],
        "picture": None if few else sharp_picture(confusion_picture(matrix)),
        "pairs": [] if few else frequent_pairs(matrix, names),
        "blocks": -(-len(names) // block_size(len(names))),
        "block": block_size(len(names)),
    }


def confusion_matrix(results: Results) -> NDArray[np.int64]:
    """Counts `(classes, classes)`: rows are actual, columns predicted classes."""
    matrix = np.zeros((len(results.test.classes),) * 2, np.int64)
    predicted = results.predictions["top5_ten_view"].map(lambda top: top[0])
    np.add.at(matrix, (results.predictions["label"].to_numpy(), predicted.to_numpy(int)), 1)
    return matrix


def block_size(classes: int) -> int:
    """How many neighbouring classes share a block of the picture."""
    return -(-classes // BLOCKS)


def confusion_picture(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each row's images in each column, from white to dark blue, in blocks, about 500 pixels a side."""
    size = block_size(len(matrix))
    padding = -len(matrix) % size
    padded = np.pad(matrix, ((0, padding), (0, padding)))
    blocks = padded.reshape(len(padded) // size, size, -1, size).sum(axis=(1, 3))
    # The square root: a few images of a hundred are meant to be seen.
    shade = np.sqrt(blocks / np.maximum(1, blocks.sum(axis=1, keepdims=True)))[..., None]
    zoom = max(1, _ZOOM // len(blocks))
    return (_WHITE + shade * (_BLACK - _WHITE)).repeat(zoom, axis=0).repeat(zoom, axis=1)


def frequent_pairs(matrix: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The commonest mistakes: actual and predicted class, how many images, and their share of the actual class."""
    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
    pairs = [(int(row), int(column)) for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    return [
        {
            "actual": names[row],
            "predicted": names[column],
            "images": int(wrong[row, column]),
            "share": float(wrong[row, column] / matrix[row].sum()),
        }
        for row, column in pairs
        if wrong[row, column]
    ]
