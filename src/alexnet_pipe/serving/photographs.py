"""Photographs from the disk, prepared as the pipeline prepares them."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError, decode
from alexnet_pipe.preparation.resize import resize
from alexnet_pipe.serving.path_list import read_paths

STANDARD_INPUT = "-"
LIST = ".txt"
"""The ending of a list's name, in any case; whatever has another ending is taken for a photograph."""


def files_in(names: Sequence[str]) -> list[Path]:
    """The photographs that are named, in order.

    A folder stands for the visible files below it, sorted by name; a text list for the paths in it, and `-` for those
    in a list on standard input. What a list names is a photograph, and nothing else.

    Raises:
        UserError: if there is no photograph at all, if a list cannot be read, and for what `datasets.folder.walk` does
            not accept in a folder.
    """
    files = [file for name in names for file in _files(name)]
    if not files:
        raise UserError(f"{', '.join(names)}: no file in there: name photographs, or a folder or a list with some")
    return files


def prepared(path: Path, params: ResizeParams) -> NDArray[np.uint8]:
    """The photograph in `path`, uint8 `(256, 256, 3)`.

    Raises:
        RefusedError: "missing", "unreadable", or a reason of `preparation.decode.decode`.
    """
    try:
        if not path.is_file():
            found = path.exists()
            raise RefusedError("unreadable", "not a regular file") if found else RefusedError("missing", "no file")
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError("unreadable", str(error.strerror)) from None
    return resize(decode(content, params).image, params.policy)


def _files(name: str) -> Iterable[Path]:
    if name == STANDARD_INPUT:
        return read_paths(sys.stdin.buffer, "standard input")
    path = Path(name)
    if os.path.isdir(path):  # noqa: PTH112 # Path.is_dir raises for a name that is too long.
        return [file for _, file in sorted(walk(path).files.items())]
    if path.suffix.lower() != LIST:
        return [path]
    try:
        with path.open("rb") as lines:
            return read_paths(lines, name)
    except OSError as error:
        raise UserError(f"{name} is taken for a list of photographs and cannot be read: {error.strerror}") from None
