"""The 256×256 images of a revision, read one by one where they lie: in the workspace, DVC's cache or its remote."""

import io
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import progress
from alexnet_pipe.comparison.compare_revisions import Revision, open_file
from alexnet_pipe.store.layout import INDEX_FILE, SIDE

_IMAGES = Artifacts(Path()).images


def images_of(revision: Revision, wanted: Collection[str]) -> dict[str, NDArray[np.uint8]]:
    """The images with the SHA-256 `wanted`, uint8 `(256, 256, 3)` each; those that cannot be had are left out."""
    try:
        with open_file(revision.files, _IMAGES / INDEX_FILE) as file:
            index = pd.read_parquet(io.BytesIO(file.read()))
    except OSError:
        return {}
    return _read(revision.files, index[index["sha256"].isin(wanted)].drop_duplicates("sha256"))


def _read(files: Any, rows: pd.DataFrame) -> dict[str, NDArray[np.uint8]]:
    images = {}
    with progress("thumbnails", len(rows), "images") as advance:
        for shard, held in rows.groupby("shard"):
            with suppress(OSError), open_file(files, _IMAGES / str(shard)) as file:
                start = _start(file)
                for sha256, row in zip(held["sha256"], held["row"], strict=True):
                    file.seek(start + int(row) * SIDE * SIDE * 3)
                    images[sha256] = np.frombuffer(file.read(SIDE * SIDE * 3), np.uint8).reshape(SIDE, SIDE, 3)
                    advance()
    return images


def _start(file: IO[bytes]) -> int:
    """Where the first image of a shard begins."""
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    return file.tell()
