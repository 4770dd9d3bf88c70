"""Precision, recall and error by class."""

from typing import Any

import pandas as pd

CLASSES = 20
"""Classes of which the worst and the best are listed, that many of each."""


def class_rows(classes: pd.DataFrame, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row a class, the highest top-1 error first, those without test images last; of many the worst and the best.

    Args:
        classes: images, precision, recall and top1_error in label order; NaN becomes None.
        names: The class names in label order.
    """
    ordered = classes.assign(name=names).sort_values("top1_error", ascending=False, kind="stable", na_position="last")
    if len(ordered) > 2 * CLASSES:
        ordered = pd.concat([ordered.head(CLASSES), ordered.tail(CLASSES)])
    rows = ordered.to_dict("records")
    return [{str(key): None if pd.isna(value) else value for key, value in row.items()} for row in rows]
