"""The manifest: one row an image, with its label, split, place and checksum."""

from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.hashing import hashed
from alexnet_pipe.datasets.split import complete_splits
from alexnet_pipe.params.dataset import DatasetParams

SPLITS = ("train", "validation", "test")

_COLUMNS = ["container", "member", "label", "split", "bytes", "sha256", "offset", "packed", "deflated"]


def make_manifest(index: pd.DataFrame, source: Path, dataset: DatasetParams, where: str) -> pd.DataFrame:
    """Hash every image of an index, and give it the splits that it lacks.

    Args:
        index: As `datasets.index.index_archive` makes it.
        source: The folder with the containers.
        dataset: The shares that are held out.
        where: What messages call the source.

    Returns:
        Rows sorted by split, label and member: container (file in `source`), member, label, split ("train",
        "validation" or "test"), bytes (int64), sha256 (hex, empty if the member is damaged), and the `Place` of the
        content: offset, packed (int64), deflated (bool).

    Raises:
        UserError: if a split would have no images.
    """
    rows = complete_splits(hashed(index, source), dataset.validation_share, dataset.test_share)
    for split in SPLITS:
        if not (rows["split"] == split).any():
            raise UserError(f"{where} has too few images: none is left for the {split} split: add photographs")
    return rows[_COLUMNS].sort_values(["split", "label", "member"], ignore_index=True)


def save_manifest(path: Path, rows: pd.DataFrame) -> None:
    """Write the manifest as Parquet; equal rows make equal bytes."""
    rows.to_parquet(path, engine="pyarrow", index=False)


def describe(rows: pd.DataFrame) -> str:
    """The manifest in one line: how many images, classes, and images a split."""
    splits = ", ".join(f"{(rows['split'] == split).sum():,} {split}" for split in SPLITS)
    return f"{len(rows):,} images of {rows['label'].nunique():,} classes: {splits}"
