"""NumPy files, and what happens when the disk is full."""

from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.artifacts import written_aside


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as `.npy`, aside first."""
    with written_aside(path) as aside:
        write_array(aside, array)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as `.npy`.

    Raises:
        OSError: with its number, if the disk is full.
    """
    with path.open("wb") as file:
        np.save(_Writer(file), array)


class _Writer:
    """A file that NumPy does not recognise as one: to a real file it writes in C, and loses the error's number."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write = file.write
