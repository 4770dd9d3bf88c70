"""The page shows the inputs that this run has seen."""

from dataclasses import replace

import numpy as np

from alexnet_pipe.inputs.draws import crop_boxes, mirror_flags
from alexnet_pipe.inputs.stream import TrainingStream, colour_directions
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.reporting.data_section import RANDOM, SHIFTS, input_section, random_views, shifts
from tests.reporting.results import PARAMETERS, made_up
from tests.stores import random_store


def test_colour_shifts_and_views_are_those_of_the_first_step_of_training() -> None:
    results = replace(made_up(), train=random_store(16))
    directions = colour_directions(results.eigenvalues, results.eigenvectors, 0.3)
    inputs, _ = TrainingStream(results.train, directions, TrainParams(seed=7, batch_size=16)).batch(0)
    shown = shifts(results, {"seed": 7, "colour_shift": 0.3})
    np.testing.assert_allclose(shown, inputs["colour_shift"][:SHIFTS], rtol=1e-5)
    offsets, mirrors = zip(*random_views({"seed": 7, "random_crops": True, "mirror": True}), strict=True)
    assert offsets == tuple(map(tuple, inputs["offset"][:RANDOM].tolist()))
    assert list(mirrors) == inputs["mirror"][:RANDOM].tolist()


def test_a_run_without_random_crops_and_mirror_images_shows_none() -> None:
    assert set(random_views({"seed": 7, "random_crops": False, "mirror": False})) == {((14, 14), False)}


def test_boxes_of_the_first_step_are_shown_resampled_where_they_are_what_is_trained_on() -> None:
    results = made_up()
    train = PARAMETERS["train"] | {"seed": 7, "crop_area": 0.2}
    shown = input_section(results, train)["random"]
    assert len(shown) == RANDOM
    (top, left, height, width), mirror = crop_boxes(7, 0, RANDOM, 0.2)[0], mirror_flags(7, 0, RANDOM)[0]
    said, pixels = shown[0]
    assert said == f"{top:.0f}, {left:.0f}: {height:.0f} by {width:.0f}" + ", mirrored" * bool(mirror)
    assert pixels.shape == (227, 227, 3)


def test_ten_views_are_for_the_test_the_last_of_them_the_centre_mirrored() -> None:
    results = made_up()
    views = dict(input_section(results, PARAMETERS["train"])["test"])
    assert len({view.tobytes() for view in views.values()}) == 10
    assert list(views)[9] == "centre, mirrored"
    np.testing.assert_array_equal(views["centre, mirrored"], results.train[0][14:241, 14:241][:, ::-1])
