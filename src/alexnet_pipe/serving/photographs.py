"""Photographs from the disk, prepared as the pipeline prepares them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.errors import UserError
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError, decode
from alexnet_pipe.preparation.resize import resize


def files_in(paths: Iterable[Path]) -> list[Path]:
    """`paths`, with every folder replaced by the visible files below it, sorted by name.

    Raises:
        UserError: if there is no file at all, and for what `datasets.folder.walk` does not accept in a folder.
    """
    files: list[Path] = []
    for path in paths:
        files += [file for _, file in sorted(walk(path).files.items())] if path.is_dir() else [path]
    if not files:
        raise UserError(f"{', '.join(map(str, paths))}: no file in there: name photographs, or a folder with some")
    return files


def prepared(path: Path, params: ResizeParams) -> NDArray[np.uint8]:
    """The photograph in `path`, uint8 `(256, 256, 3)`.

    Raises:
        RefusedError: "missing", "unreadable", or a reason of `preparation.decode.decode`.
    """
    if not path.is_file():
        raise RefusedError("unreadable", "not a regular file") if path.exists() else RefusedError("missing", "no file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError("unreadable", str(error.strerror)) from None
    return resize(decode(content, params).image, params.policy)
