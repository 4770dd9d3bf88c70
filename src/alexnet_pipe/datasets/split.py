"""Hold test and validation images out of the training images: each by its own content, and for good."""

import hashlib
from functools import partial

import pandas as pd

_BYTES = 6


def complete_splits(rows: pd.DataFrame, validation_share: float, test_share: float) -> pd.DataFrame:
    """Give `rows` the splits that the source lacks: first a test split, then a validation split of what is left.

    Args:
        rows: One row an image: at least label, split and sha256 (hex, of the content).
        validation_share: About the share of each class's training images to hold out, 0 to 1.
        test_share: About the share of each class's images to hold out, 0 to 1.

    Returns:
        A copy of `rows` in which some training images have split "test" or "validation".
    """
    for split, share in (("test", test_share), ("validation", validation_share)):
        if not (rows["split"] == split).any():
            rows = hold_out(rows, split, share)
    return rows


def hold_out(rows: pd.DataFrame, split: str, share: float) -> pd.DataFrame:
    """Move about `share` of the training images to `split`.

    A hash makes a number from 0 to 1 of an image's content, and the image is held out if that is less than `share`. So
    neither names, nor order, nor what other images there are decide it: it stays where it is when the data set grows
    or shrinks, and copies stay together. But each class gives the image with the lowest number and keeps the one with
    the highest, so that no class goes without where there are two; in a class so small that this matters, a new
    image may take the place of that one.
    """
    training = rows[rows["split"] == "train"]
    numbers = training["sha256"].map(partial(_number, split))
    of_class = numbers.groupby(training["label"])
    taken = (numbers < share) | (numbers == of_class.transform("min"))
    taken &= numbers < of_class.transform("max")
    rows = rows.copy()
    rows.loc[taken.index[taken], "split"] = split
    return rows


def _number(split: str, sha256: str) -> float:
    # With the split's name in it, one split says nothing about the other.
    digest = hashlib.sha256(f"{split} {sha256}".encode("ascii")).digest()
    return int.from_bytes(digest[:_BYTES]) / 256**_BYTES
