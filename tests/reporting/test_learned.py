"""What the page says of the network is arithmetic on its predictions."""

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.evaluation.occlusion import PATCH, PLACES, STEP
from alexnet_pipe.reporting.calibration import Calibration, calibration_bins
from alexnet_pipe.reporting.classes import class_rows
from alexnet_pipe.reporting.confusion import confusion_matrix, confusion_picture, confusion_section, frequent_pairs
from alexnet_pipe.reporting.examples import confident_mistakes, near_ties, neighbour_rows
from alexnet_pipe.reporting.hidden import COVERED, mean_when_hidden, place_in_words
from alexnet_pipe.reporting.learned import colour_share
from alexnet_pipe.reporting.training import resumed_epochs
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
    assert confusion_section(made_up(classes=26, images=26))["rows"] == []


def test_the_worst_class_comes_first_and_those_without_images_last() -> None:
    table = pd.DataFrame({"images": [2, 0, 4], "top1_error": [0.0, np.nan, 0.5]})
    rows = class_rows(table, ("good", "empty", "bad"))
    assert [row["name"] for row in rows] == ["bad", "good", "empty"]
    assert rows[2]["top1_error"] is None


def test_of_many_classes_the_worst_and_the_best_are_listed() -> None:
    table = pd.DataFrame({"images": 1, "top1_error": np.linspace(0, 1, 100)})
    rows = class_rows(table, tuple(map(str, range(100))))
    assert [row["name"] for row in rows] == [str(n) for n in [*range(99, 79, -1), *range(19, -1, -1)]]


def test_the_most_confident_mistake_comes_first() -> None:
    assert confident_mistakes(made_up().predictions) == [6, 3, 0]


def test_the_closest_race_is_the_most_uncertain() -> None:
    predictions = pd.DataFrame({"top5_probability_ten_view": [[0.6, 0.2], [0.5, 0.49], [0.4, 0.3]]})
    assert near_ties(predictions) == [1, 2, 0]


def test_the_nearest_neighbour_stands_first() -> None:
    (row,) = neighbour_rows(made_up())
    # Training images 1 and 3 at distances 1 and 2; labels go 0, 1, 2, 0.
    assert [near["actual"] for near in row["near"]] == ["class 1", "class 0"]


def test_calibration_error_weights_bins_by_their_images() -> None:
    confidence = np.array([0.55, 0.65, 0.62, 1.0, 0.91])
    bins = calibration_bins(confidence, np.array([True, False, True, True, True]))
    assert bins["images"].tolist() == [1, 2, 2]
    assert bins["low"].tolist() == [0.5, 0.6, 0.9]
    assert bins["right"].tolist() == [1, 0.5, 1]
    by_hand = (1 * (1 - 0.55) + 2 * (0.635 - 0.5) + 2 * (1 - 0.955)) / 5
    assert Calibration(bins, confidence=0.746, right=0.8).error == pytest.approx(by_hand)


def test_a_pixel_gets_the_mean_of_the_squares_that_hide_it() -> None:
    hidden = np.ones(PLACES**2)
    hidden[PLACES + 1] = 0
    mean = mean_when_hidden(hidden)
    assert mean.shape == (COVERED, COVERED)
    # The square at row 1, column 1 hides pixels from 16 to 63. Pixel 16 is hidden from two places a side, 4 squares.
    assert mean[0, 0] == 1
    assert mean[STEP, STEP] == 1 - 1 / 4
    assert mean[STEP + PATCH, STEP] == 1


def test_places_of_the_square_are_said_in_words() -> None:
    assert place_in_words(0) == "at the top left"
    assert place_in_words(PLACES**2 // 2 + PLACES // 2) == "in the middle"
    assert place_in_words(PLACES**2 - 1) == "at the bottom right"


def test_grey_kernels_have_no_colour_and_opposed_channels_nothing_else() -> None:
    grey = np.ones((11, 11, 3, 2), np.float32)
    assert colour_share(grey) == 0
    assert colour_share(grey * np.array([1, 0, -1], np.float32)[:, None]) == pytest.approx(1)


def test_a_resumed_step_lies_between_the_ends_of_epochs() -> None:
    history = pd.DataFrame({"epoch": [1, 2, 3], "step": [55, 109, 163]})
    assert resumed_epochs(history, [11, 109, 136]) == pytest.approx([0.2, 2, 2.5])
