"""The 256×256 images of one split, read in place from memory-mapped shards."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, required, undamaged
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.paper import SIDE
from alexnet_pipe.store.store_files import CLASSES_FILE, DIGESTS_FILE, INDEX_FILE, read_classes

Images = NDArray[np.uint8]


class ImageStore:
    """Random access to a split's images; nothing is read until it is asked for.

    Attributes:
        classes: The class names; a label is an index into them.
        rows: One row an image, in store order: shard, row, label, container, member, sha256.
        labels: int32 `(images,)`.
        shards: The memory-mapped shards, uint8 `(n, 256, 256, 3)` each, RGB in 0–255.
    """

    def __init__(self, classes: Sequence[str], rows: pd.DataFrame, shards: Sequence[Images]) -> None:
        self.classes = tuple(classes)
        self.rows = rows.reset_index(drop=True)
        self.shards = tuple(shards)
        self.labels: NDArray[np.int32] = self.rows["label"].to_numpy(np.int32)
        lengths = [len(shard) for shard in self.shards]
        self._shard_of = np.repeat(np.arange(len(lengths)), lengths)
        self._row_of = np.concatenate([np.arange(n) for n in lengths]) if lengths else np.empty(0, np.int64)

    @classmethod
    def open(cls, folder: Path | str, split: str) -> "ImageStore":
        """Open the images of `split` ("train", "validation" or "test") below `folder`.

        Raises:
            UserError: if the store or one of its shards is missing, or the split is empty.
        """
        folder = Path(folder)
        with undamaged(required(folder / INDEX_FILE)):
            index = pd.read_parquet(folder / INDEX_FILE)
        rows = index[index["split"] == split]
        if rows.empty:
            raise UserError(f"{folder}: the {split} split has no images")
        shards = [_shard(required(folder / name)) for name in rows["shard"].unique()]
        return cls(read_classes(required(folder / CLASSES_FILE)), rows, shards)

    @classmethod
    def open_intact(cls, folder: Path, split: str) -> "ImageStore":
        """As `open`, once all bytes of the split have been compared with what the resize wrote.

        Raises:
            UserError: also if they are others: a bit that flips on a disk changes neither size nor time of a file.
        """
        store, digests = cls.open(folder, split), load_json(folder / DIGESTS_FILE)
        paths = [path for path, _ in store.files(folder)]
        with ThreadPoolExecutor() as pool:
            for path, digest in zip(paths, pool.map(file_digest, paths), strict=True):
                if digests.get(path.name) != digest:
                    raise UserError(
                        f"{path} has other bytes than the resize wrote: `alexnet-pipe doctor --data` says what to do"
                    )
        return store

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Images:
        """One image, uint8 `(256, 256, 3)`, a view into its shard."""
        return self.shards[self._shard_of[index]][self._row_of[index]]

    def files(self, folder: Path) -> list[tuple[Path, int]]:
        """The path below `folder` of each shard, and how many images it has."""
        return [(folder / str(name), len(rows)) for name, rows in self.rows.groupby("shard", sort=False)]

    def gather(self, indices: Sequence[int] | NDArray[np.integer]) -> Images:
        """A copy of the images at `indices`, uint8 `(len(indices), 256, 256, 3)`."""
        images = np.empty((len(indices), SIDE, SIDE, 3), np.uint8)
        for slot, index in enumerate(indices):
            images[slot] = self[int(index)]
        return images


def _shard(path: Path) -> Images:
    with undamaged(path):
        return np.load(path, mmap_mode="r")
