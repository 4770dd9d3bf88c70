"""The manifest: one row an image, with its label, split, place and SHA-256, for which every byte is read once.

Test and validation images are held out of the training images: each by its own content, and for good.
"""

import hashlib
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.params.dataset import DatasetParams

DAMAGED = ""
"""Stands for the SHA-256 of a member that its archive has damaged."""

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


def hashed(index: pd.DataFrame, source: Path) -> pd.DataFrame:
    """`index` with a column `sha256` (hex), or `DAMAGED`; each container is read from start to end.

    Raises:
        UserError: if a file cannot be read.
    """
    digests = pd.Series(DAMAGED, index.index, dtype="str")
    with progress("download", len(index), "files read") as advance:
        for name, rows in index.groupby("container", sort=True):
            found = _digests(container_path(source, str(name)), rows.sort_values("offset"), advance)
            digests.update(pd.Series(found, dtype="str"))
    return index.assign(sha256=digests)


def _digests(path: Path, rows: pd.DataFrame, advance: Callable[..., None]) -> dict[int, str]:
    digests: dict[int, str] = {}
    with Container(path) as container:
        for index, member, crc, *place in rows[["member", "crc", *Place._fields]].itertuples(name=None):
            digests[index] = _digest(container, member, Place._make(place), None if crc is pd.NA else crc)
            advance()
    return digests


def _digest(container: Container, member: str, place: Place, crc: int | None) -> str:
    digest, found = hashlib.sha256(), 0
    try:
        for chunk in container.chunks(member, place):
            digest.update(chunk)
            found = zlib.crc32(chunk, found) if crc is not None else 0
    except (EOFError, zlib.error):
        return DAMAGED
    except OSError as error:
        raise UserError(f"{member!r} cannot be read ({error.strerror}): mend its permissions or remove it") from None
    return digest.hexdigest() if crc in (None, found) else DAMAGED


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
