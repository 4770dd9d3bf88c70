"""Batches are a pure function of (seed, step), and an epoch uses every image once."""

import json
from pathlib import Path

import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.stream import (
    TrainingStream,
    colour_directions,
    colour_factors,
    crop_offsets,
    image_order,
    mirror_flags,
)
from alexnet_pipe.params.train import TrainParams
from tests.stores import random_store

NO_COLOUR = np.zeros((3, 3))
TRAIN = TrainParams(seed=7, batch_size=4)


def assert_same(one, other) -> None:
    for key, value in one[0].items():
        np.testing.assert_array_equal(value, other[0][key])
    np.testing.assert_array_equal(one[1], other[1])


def test_a_stream_started_at_any_step_gives_the_same_bytes() -> None:
    store = random_store(10)
    whole = list(TrainingStream(store, np.eye(3), TRAIN).batches(0, 12))
    for first in (1, 5, 11):
        for step, batch in enumerate(TrainingStream(store, np.eye(3), TRAIN).batches(first, 12), start=first):
            assert_same(batch, whole[step])


def test_shards_do_not_matter() -> None:
    one, three = (TrainingStream(random_store(10, shards=n), NO_COLOUR, TRAIN).batch(3) for n in (1, 3))
    assert_same(one, three)


def test_every_epoch_uses_each_image_once_even_if_batches_lie_across_epochs() -> None:
    stream = TrainingStream(random_store(10), NO_COLOUR, TRAIN)
    indices = np.concatenate([stream.indices(step) for step in range(5)])
    assert sorted(indices[:10]) == sorted(indices[10:20]) == list(range(10))
    assert [stream.first_step(epoch) for epoch in range(3)] == [0, 3, 5]


def test_crops_labels_and_images_belong_together() -> None:
    store = random_store(6)
    stream = TrainingStream(store, NO_COLOUR, TrainParams(seed=7, batch_size=6))
    inputs, labels = stream.batch(2)
    for index, crop, (row, column), label in zip(
        stream.indices(2), inputs["image"], inputs["offset"], labels, strict=True
    ):
        np.testing.assert_array_equal(crop, store[index][row : row + 227, column : column + 227])
        assert label == store.labels[index]


def test_the_colour_shift_is_in_grey_levels_with_eigenvalues_of_unit_pixels() -> None:
    # One direction, grey, of variance 0.04 in [0, 1] (a deviation of 51 grey levels): 255 · 0.1 · 0.04 = 1.02 along it.
    eigenvectors = np.linalg.qr(np.array([[1.0, 1, 0], [1, -1, 1], [1, 0, -1]]))[0]
    directions = colour_directions(np.array([0.04, 0, 0]), eigenvectors, 0.1)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=0), [1.02, 0, 0], atol=1e-12)
    np.testing.assert_allclose(directions[:, 0], 1.02 * eigenvectors[:, 0])


def test_shifts_vary_along_the_directions_with_their_deviation() -> None:
    directions = np.diag([5.0, 2.0, 0.0])
    stream = TrainingStream(random_store(4), directions, TRAIN)
    shifts = np.concatenate([stream.batch(step)[0]["colour_shift"] for step in range(400)])
    np.testing.assert_allclose(shifts.std(axis=0), [5, 2, 0], rtol=0.1)


def test_fewer_images_than_a_batch_is_an_error_that_names_the_parameter() -> None:
    with pytest.raises(UserError, match=r"3 training images .* train\.batch_size"):
        TrainingStream(random_store(3), NO_COLOUR, TRAIN)


def test_the_same_seed_and_step_give_the_same_choices_and_others_do_not() -> None:
    for draw in (crop_offsets, mirror_flags, colour_factors):
        np.testing.assert_array_equal(draw(1, 5, 64), draw(1, 5, 64))
        assert not np.array_equal(draw(1, 5, 64), draw(1, 6, 64))
        assert not np.array_equal(draw(1, 5, 64), draw(2, 5, 64))


def test_an_order_is_a_permutation_and_changes_with_the_epoch() -> None:
    first, second = image_order(1, 0, 1000), image_order(1, 1, 1000)
    assert sorted(first) == sorted(second) == list(range(1000))
    assert not np.array_equal(first, second)


def test_crops_reach_all_900_positions_evenly() -> None:
    offsets = crop_offsets(1, 0, 90_000)
    counts = np.bincount(offsets[:, 0] * 30 + offsets[:, 1], minlength=900)
    assert len(counts) == 900
    # Chi-squared with 899 degrees of freedom: mean 899, standard deviation 42.
    assert ((counts - 100) ** 2 / 100).sum() < 899 + 5 * 42


def test_half_of_the_images_are_mirrored() -> None:
    assert abs(mirror_flags(1, 0, 10_000).mean() - 0.5) < 0.02


def test_colour_factors_are_standard_normal() -> None:
    factors = colour_factors(1, 0, 20_000)
    assert abs(factors.mean()) < 0.02
    assert abs(factors.std() - 1) < 0.02


def test_without_random_crops_and_mirror_images_a_step_sees_centres_and_the_rest_stays() -> None:
    store = random_store(6)
    usual, plain = (
        TrainingStream(store, np.eye(3), TrainParams(seed=7, batch_size=6, random_crops=on, mirror=on)).batch(0)
        for on in (True, False)
    )
    assert (plain[0]["offset"] == 14).all()
    assert not plain[0]["mirror"].any()
    np.testing.assert_array_equal(plain[0]["colour_shift"], usual[0]["colour_shift"])
    np.testing.assert_array_equal(plain[1], usual[1])
    assert usual[0]["mirror"].any()


@pytest.mark.parametrize(
    "damage", [{}, {"eigenvalues": [1, 2]}, {"eigenvalues": [1, 2, float("nan")]}, {"eigenvectors": None}]
)
def test_damaged_colour_directions_are_named(damage: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "pca.json"
    content = {"eigenvalues": [3, 2, 1], "eigenvectors": np.eye(3).tolist()} | damage if damage else {}
    file.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"pca\.json is damaged \(no three eigenvalues and eigenvectors\)"):
        TrainingStream.open(random_store(10), file, TRAIN)
