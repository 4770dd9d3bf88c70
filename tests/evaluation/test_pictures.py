"""A kernel can be seen as it is, and a picture is the same bytes each time."""

from pathlib import Path

import numpy as np
from PIL import Image

from alexnet_pipe.evaluation.examples import save_picture
from alexnet_pipe.statistics.first_kernels import kernel_grid


def test_a_kernel_keeps_its_place_and_its_sign() -> None:
    filters = np.zeros((11, 11, 3, 9), np.float32)
    filters[0, 0, 0, 8] = 2
    filters[10, 10, 2, 8] = -1
    grid = kernel_grid(filters)
    assert grid.shape == (4 * (2 * 12 - 1), 4 * (8 * 12 - 1), 3)
    assert grid[4 * 12, 0].tolist() == [255, 127.5, 127.5]
    assert grid[4 * 22, 4 * 10].tolist() == [127.5, 127.5, 63.75]


def test_a_picture_is_rounded_cut_off_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    pixels = np.array([[[-3.0, 0.4, 0.6], [127.5, 254.6, 300.0]]])
    for name in ("one.png", "two.png"):
        save_picture(tmp_path / name, pixels)
    assert np.asarray(Image.open(tmp_path / "one.png")).tolist() == [[[0, 0, 1], [128, 255, 255]]]
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
