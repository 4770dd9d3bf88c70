"""Arrays come back as they were, and a full disk is reported as one."""

import errno
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.store.arrays import ArrayWriter, load_array, save_array, write_array


@pytest.mark.parametrize("array", [np.arange(12, dtype=np.float32).reshape(3, 4), np.empty((0, 2), np.uint8)])
def test_an_array_comes_back_and_can_be_mapped(tmp_path: Path, array: np.ndarray) -> None:
    save_array(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)
    if array.size:
        np.testing.assert_array_equal(np.load(tmp_path / "a.npy", mmap_mode="r"), array)


def test_a_full_disk_has_its_number() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        write_array(Path("/dev/full"), np.ones(100_000))
    assert caught.value.errno == errno.ENOSPC


def test_rows_written_one_by_one_are_the_bytes_of_the_whole_array(tmp_path: Path) -> None:
    for rows in (0, 1, 3, 1024):
        array = np.random.default_rng(rows).integers(0, 256, (rows, 4, 4, 3), dtype=np.uint8)
        with ArrayWriter(tmp_path / "rows.npy", np.uint8, (4, 4, 3)) as writer:
            for row in array:
                writer.append(row)
        write_array(tmp_path / "whole.npy", array)
        assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_an_array_that_is_not_the_one_that_is_wanted_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mean.npy"
    whole = np.ones((2, 3), np.float32)
    save_array(file, whole)
    np.testing.assert_array_equal(load_array(file, (2, 3)), whole)
    content = file.read_bytes()
    nan = np.where(np.eye(2, 3) > 0, np.nan, whole).astype(np.float32)
    for damaged, told in (
        (content[:-1], "no whole array of NumPy"),
        (b"", "no whole array of NumPy"),
        (b"hello", "no whole array of NumPy"),
        (_npy(whole.astype(np.float64)), r"float64 \(2, 3\), and not float32 \(2, 3\)"),
        (_npy(whole[:1]), r"float32 \(1, 3\), and not float32 \(2, 3\)"),
        (_npy(np.array([{}], object)), "no whole array of NumPy"),
        (_npy(nan), "some of its numbers are none"),
    ):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=rf"mean\.npy is damaged \({told}\): remove it, then"):
            load_array(file, (2, 3))


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
