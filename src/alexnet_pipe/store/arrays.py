"""NumPy files, and what happens when the disk is full."""

from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from alexnet_pipe.base.files import required, undamaged, written_aside


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


def load_array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Read a `.npy` file of finite float32 numbers.

    Raises:
        UserError: if it is missing, or holds anything else.
    """
    with undamaged(required(path)):
        try:
            array = np.load(path)
        except (ValueError, EOFError):  # NumPy's reasons advise to run what is in the file.
            raise ValueError("no whole array of NumPy") from None
        if array.shape != shape or array.dtype != np.float32:
            raise ValueError(f"{array.dtype} {array.shape}, and not float32 {shape}")
        if not np.isfinite(array).all():
            raise ValueError("some of its numbers are none")
        return array


class _Writer:
    """A file that NumPy does not recognise as one: to a real file it writes in C, and loses the error's number."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write = file.write


class ArrayWriter:
    """Write an array as `.npy`, a row at a time, without ever holding it: the same bytes as `write_array`."""

    def __init__(self, path: Path, dtype: DTypeLike, row: tuple[int, ...]) -> None:
        self._file = path.open("wb")
        self._dtype, self._row, self._rows = np.dtype(dtype), row, 0
        self._write_header()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write_header()

    def append(self, row: NDArray[Any]) -> None:
        """Write one row.

        Raises:
            OSError: with its number, if the disk is full.
        """
        assert row.shape == self._row
        assert row.dtype == self._dtype
        self._file.write(np.ascontiguousarray(row).data)
        self._rows += 1

    def _write_header(self) -> None:
        # NumPy pads the header to 64 bytes with room for longer shapes, so the number of rows does not move the rest.
        header = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(self._file, {**header, "shape": (self._rows, *self._row)})
