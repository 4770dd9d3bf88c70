"""The manifest: one row an image, with its label, split and checksum."""

import hashlib
from pathlib import Path

import pandas as pd

from alexnet_pipe.datasets.archive import Archive, open_archive
from alexnet_pipe.datasets.layout import index_members
from alexnet_pipe.datasets.split import complete_splits
from alexnet_pipe.errors import UserError
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.progress import progress, say

SPLITS = ("train", "validation", "test")

_COLUMNS = ["container", "member", "label", "split", "bytes", "sha256"]


def make_manifest(path: Path, dataset: DatasetParams, where: str) -> pd.DataFrame:
    """Index and hash every image of the archive `path`, and give it the splits that it lacks.

    Returns:
        Rows sorted by split, label and member: container (the archive's file name), member, label, split
        ("train", "validation" or "test"), bytes (int64) and sha256 (hex).

    Raises:
        UserError: for whatever `open_archive` and `index_members` refuse, and if a split would have no images;
            `where` is what the message calls the archive.
    """
    with open_archive(path, where) as archive:
        files = [member.name for member in archive.members()]
        rows, outside = index_members(files, archive.folders(), where)
        if outside:
            say(f"download: files outside any class folder, ignored: {outside:,}")
        rows = _hashed(archive, rows)
    rows = complete_splits(rows, dataset.validation_share, dataset.test_share)
    for split in SPLITS:
        if not (rows["split"] == split).any():
            raise UserError(f"{where} has too few images: none is left for the {split} split: add photographs")
    rows.insert(0, "container", path.name)
    return rows[_COLUMNS].sort_values(["split", "label", "member"], ignore_index=True)


def save_manifest(path: Path, rows: pd.DataFrame) -> None:
    """Write the manifest as Parquet; equal rows make equal bytes."""
    rows.to_parquet(path, engine="pyarrow", index=False)


def describe(rows: pd.DataFrame) -> str:
    """The manifest in one line: how many images, classes, and images a split."""
    splits = ", ".join(f"{(rows['split'] == split).sum():,} {split}" for split in SPLITS)
    return f"{len(rows):,} images of {rows['label'].nunique():,} classes: {splits}"


def _hashed(archive: Archive, rows: pd.DataFrame) -> pd.DataFrame:
    sizes, digests = [], []
    with progress("download", len(rows), "files read") as advance:
        for member in rows["member"]:
            digest, size = hashlib.sha256(), 0
            for chunk in archive.chunks(member):
                digest.update(chunk)
                size += len(chunk)
            sizes.append(size)
            digests.append(digest.hexdigest())
            advance()
    return rows.assign(bytes=pd.Series(sizes, rows.index, "int64"), sha256=pd.Series(digests, rows.index, "str"))
