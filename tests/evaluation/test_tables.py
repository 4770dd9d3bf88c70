"""What the evaluation leaves for others to read: a row a class, and pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from alexnet_pipe.evaluation.pictures import kernel_grid, save_picture
from alexnet_pipe.evaluation.tables import class_table


def test_precision_recall_and_error_by_class() -> None:
    actual, predicted = "aaaabb", "aaabbb"
    table = class_table(pd.DataFrame({"actual": list(actual), "predicted": list(predicted)}), ["b", "a", "c"])
    expected = pd.DataFrame(
        {
            "class": ["b", "a", "c"],
            "images": [2, 4, 0],
            "precision": [2 / 3, 1.0, np.nan],
            "recall": [1.0, 3 / 4, np.nan],
            "top1_error": [0.0, 1 / 4, np.nan],
        }
    )
    pd.testing.assert_frame_equal(table, expected, check_names=False)


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    table = class_table(pd.DataFrame({"actual": ["a", "b"], "predicted": ["a", "a"]}), ["a", "b"])
    assert table["precision"].isna().tolist() == [False, True]
    assert table["top1_error"].tolist() == [0, 1]


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
