"""What the page says of the classes is arithmetic on the predictions."""

import numpy as np
import pandas as pd

from alexnet_pipe.reporting.class_section import (
    class_rows,
    class_section,
    confusion_matrix,
    confusion_picture,
    frequent_pairs,
)
from tests.reporting.results import made_up


def test_confusion_counts_actual_rows_and_predicted_columns() -> None:
    # Labels 0 1 2 0 1 2; images 0 and 3, both of class 0, are taken for class 1.
    np.testing.assert_array_equal(confusion_matrix(made_up(images=6)), [[0, 2, 0], [0, 2, 0], [0, 0, 2]])


def test_the_commonest_mistakes_leave_out_right_answers() -> None:
    matrix = np.array([[5, 2, 0], [0, 9, 3], [0, 0, 1]])
    assert frequent_pairs(matrix, ("a", "b", "c")) == [
        {"actual": "b", "predicted": "c", "images": 3, "share": 0.25},
        {"actual": "a", "predicted": "b", "images": 2, "share": 2 / 7},
    ]


def test_many_classes_share_the_blocks_of_the_confusion_picture() -> None:
    matrix = np.diag(np.full(501, 4))
    picture = confusion_picture(matrix)
    # Three classes a block, so 167 blocks, each two pixels wide.
    assert picture.shape == (334, 334, 3)
    assert (picture[0, 0] < 100).all()
    np.testing.assert_array_equal(picture[0, 2], [255, 255, 255])
    assert class_section(made_up(classes=26, images=26))["confusion"] == []


def test_the_worst_class_comes_first_and_those_without_images_last() -> None:
    table = pd.DataFrame({"images": [2, 0, 4], "top1_error": [0.0, np.nan, 0.5]})
    rows = class_rows(table, ("good", "empty", "bad"))
    assert [row["name"] for row in rows] == ["bad", "good", "empty"]
    assert rows[2]["top1_error"] is None


def test_of_many_classes_the_worst_and_the_best_are_listed() -> None:
    table = pd.DataFrame({"images": 1, "top1_error": np.linspace(0, 1, 100)})
    rows = class_rows(table, tuple(map(str, range(100))))
    assert [row["name"] for row in rows] == [str(n) for n in [*range(99, 79, -1), *range(19, -1, -1)]]
