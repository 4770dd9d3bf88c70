"""The page shows the inputs that this run has seen."""

from dataclasses import replace

import numpy as np

from alexnet_pipe.inputs.stream import TrainingStream, colour_directions
from alexnet_pipe.reporting.colours import DRAWS, shifts
from alexnet_pipe.reporting.views import RANDOM, view_section
from tests.reporting.results import made_up
from tests.stores import random_store


def test_colour_shifts_and_views_are_those_of_the_first_step_of_training() -> None:
    results = replace(made_up(), train=random_store(16))
    directions = colour_directions(results.eigenvalues, results.eigenvectors, 0.3)
    inputs, _ = TrainingStream(results.train, seed=7, batch_size=16, colour_directions=directions).batch(0)
    shown = shifts(results, {"seed": 7, "colour_shift": 0.3})
    np.testing.assert_allclose(shown, inputs["colour_shift"][:DRAWS], rtol=1e-5)
    views = view_section(results, seed=7)["random"]
    assert [(view["row"], view["column"]) for view in views] == list(map(tuple, inputs["offset"][:RANDOM].tolist()))
    assert [view["mirror"] for view in views] == inputs["mirror"][:RANDOM].tolist()


def test_there_are_1800_views_ten_of_them_for_the_test() -> None:
    section = view_section(made_up(), seed=1)
    assert section["count"] == 1800
    assert len({view["picture"] for view in section["test"]}) == 10
    assert section["test"][9]["name"] == "centre, mirrored"
