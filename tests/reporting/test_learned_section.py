"""What the page says of single images and kernels is arithmetic on what the stages left."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.evaluation.examples import PATCH, PLACES, STEP
from alexnet_pipe.reporting.learned_section import (
    COVERED,
    colour_share,
    confident_mistakes,
    learned_section,
    mean_when_hidden,
    near_ties,
    neighbour_rows,
    place_in_words,
)
from tests.reporting.results import made_up
from tests.reporting.test_page import rendered


def test_the_most_confident_mistake_comes_first() -> None:
    assert confident_mistakes(made_up().predictions) == [6, 3, 0]


def test_the_closest_race_is_the_most_uncertain() -> None:
    predictions = pd.DataFrame({"top5_probability_ten_view": [[0.6, 0.2], [0.5, 0.49], [0.4, 0.3]]})
    assert near_ties(predictions) == [1, 2, 0]


def test_the_nearest_neighbour_stands_first() -> None:
    (row,) = neighbour_rows(made_up(), [0])
    # Training images 1 and 3 at distances 1 and 2; labels go 0, 1, 2, 0.
    assert [near["actual"] for near in row["near"]] == ["class 1", "class 0"]


def test_what_misled_it_is_the_map_of_the_class_that_was_said_beside_its_neighbours() -> None:
    results = made_up()
    right = results.occlusion.assign(random_fc8=0.5, random_all=-0.25)
    wrong = right.assign(image=3, label=2, before=0.75, random_fc8=np.nan, random_all=np.nan)
    near = pd.DataFrame({"query": [3, 3], "train": [0, 2], "distance": [2.0, 1.0]})
    results = replace(
        results,
        occlusion=pd.concat([right, wrong]),
        neighbours=pd.concat([results.neighbours, near], ignore_index=True),
    )
    section = learned_section(results, "paper")
    (row,) = section["misled"]
    assert (row["actual"], row["said"], row["before"]) == ("class 0", "class 2", 0.75)
    assert [near["actual"] for near in row["near"]] == ["class 2", "class 0"]
    assert [row["actual"] for row in section["occlusion"]] == ["class 0"]
    page = " ".join(rendered(results).split())
    assert "correlate by +0.50 if those of fc8 alone do, and by -0.25 if all do" in page
    assert "≠ class 2, 75.0 %; at worst 10.0 %" in page
    assert "What misled it" not in rendered(made_up())


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
