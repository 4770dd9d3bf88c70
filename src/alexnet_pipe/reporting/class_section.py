"""Classes: the errors of each, and which is taken for which."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.reporting.results import Results

CLASSES = 20
"""Classes of which the worst and the best are listed, that many of each."""

NAMED = 25
"""The most classes whose confusion is a table; of more it is a picture."""

BLOCKS = 250
"""The most blocks along a side of the picture; more classes share them."""

PAIRS = 20
_ZOOM = 500
_WHITE, _BLACK = np.array([255.0, 255, 255]), np.array([8.0, 38, 84])


def class_section(results: Results) -> dict[str, Any]:
    """The table of classes, and the confusion of few as a table and of many as a picture."""
    matrix, names = confusion_matrix(results), results.test.classes
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    few = len(names) <= NAMED
    return {
        "rows": class_rows(results.classes, names),
        "names": names,
        "confusion": list(zip(names, matrix.tolist(), shares.tolist(), strict=True)) if few else [],
        "picture": None if few else confusion_picture(matrix),
        "pairs": [] if few else frequent_pairs(matrix, names),
        "block": block_size(len(names)),
    }


def class_rows(classes: pd.DataFrame, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row a class, the highest top-1 error first, those without test images last; of many the worst and the best.

    `classes` are images, precision, recall and top1_error in label order, as `names` are; NaN becomes None.
    """
    ordered = classes.assign(name=names).sort_values("top1_error", ascending=False, kind="stable", na_position="last")
    if len(ordered) > 2 * CLASSES:
        ordered = pd.concat([ordered.head(CLASSES), ordered.tail(CLASSES)])
    rows = ordered.to_dict("records")
    return [{str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows]


def first_guesses(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row a test image, from ten views: its `label`, the most probable class (`guess`), `confidence`, `right`."""
    guess = predictions["top5_ten_view"].map(lambda top: int(top[0]))
    confidence = predictions["top5_probability_ten_view"].map(lambda top: float(top[0]))
    label = predictions["label"]
    return pd.DataFrame({"label": label, "guess": guess, "confidence": confidence, "right": guess == label})


def confusion_matrix(results: Results) -> NDArray[np.int64]:
    """Counts `(classes, classes)`: rows are actual, columns predicted classes."""
    guesses, labels = first_guesses(results.predictions), range(len(results.test.classes))
    table = pd.crosstab(guesses["label"], guesses["guess"])
    return table.reindex(index=labels, columns=labels, fill_value=0).to_numpy()


def block_size(classes: int) -> int:
    """How many neighbouring classes share a block of the picture."""
    return -(-classes // BLOCKS)


def confusion_picture(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of each row's images in each column, from white to dark blue, in blocks, about 500 pixels a side."""
    size = block_size(len(matrix))
    starts = np.arange(0, len(matrix), size)
    blocks = np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1)
    # The square root: a few images of a hundred are meant to be seen.
    shade = np.sqrt(blocks / np.maximum(1, blocks.sum(axis=1, keepdims=True)))[..., None]
    zoom = max(1, _ZOOM // len(blocks))
    return (_WHITE + shade * (_BLACK - _WHITE)).repeat(zoom, axis=0).repeat(zoom, axis=1)


def frequent_pairs(matrix: NDArray[np.int64], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The commonest mistakes: actual and predicted class, how many images, and their share of the actual class."""
    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    commonest = np.argsort(-wrong, axis=None, kind="stable")[: min(PAIRS, np.count_nonzero(wrong))]
    return [
        {
            "actual": names[row],
            "predicted": names[column],
            "images": int(wrong[row, column]),
            "share": float(wrong[row, column] / matrix[row].sum()),
        }
        for row, column in np.transpose(np.unravel_index(commonest, wrong.shape)).tolist()
    ]
