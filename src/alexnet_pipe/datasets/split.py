"""Carve test and validation images out of the training images, by content and not by chance."""

import hashlib

import pandas as pd


def complete_splits(rows: pd.DataFrame, validation_share: float, test_share: float) -> pd.DataFrame:
    """Give `rows` the splits that the source lacks: first a test split, then a validation split of what is left.

    Args:
        rows: One row an image: at least label, split and sha256 (hex, of the content).
        validation_share: Share of each class's training images to hold out, 0 to 1.
        test_share: Share of each class's images to hold out, 0 to 1.

    Returns:
        A copy of `rows` in which some training images have split "test" or "validation".
    """
    for split, share in (("test", test_share), ("validation", validation_share)):
        if not (rows["split"] == split).any():
            rows = carve(rows, split, share)
    return rows


def carve(rows: pd.DataFrame, split: str, share: float) -> pd.DataFrame:
    """Move `share` of each class's training images to `split`.

    The images of a class are ordered by the SHA-256 of their content's SHA-256, and the first round(share·n) are
    taken: at least one of two, never all. So the choice depends neither on file names nor on chance, and new images
    move only those at the edge. Copies of one image stay together, though the number taken may then be off by the
    number of copies; a class that is copies of one image only stays whole.
    """
    training = rows[rows["split"] == "train"]
    order = training["sha256"].map(_order)
    taken = [index for _, keys in order.groupby(training["label"]) for index in _first(keys, share)]
    rows = rows.copy()
    rows.loc[taken, "split"] = split
    return rows


def _order(sha256: str) -> str:
    return hashlib.sha256(sha256.encode("ascii")).hexdigest()


def _first(keys: "pd.Series[str]", share: float) -> "pd.Index[int]":
    count = min(max(round(share * len(keys)), 1), len(keys) - 1)
    if count == 0:
        return keys.index[:0]
    edge = sorted(keys)[count - 1]
    taken = keys <= edge
    return keys.index[keys < edge] if taken.all() else keys.index[taken]
