"""Batches are a pure function of (seed, step), and an epoch uses every image once."""

import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.stream import TrainingStream, colour_directions
from tests.stores import random_store

NO_COLOUR = np.zeros((3, 3))


def assert_same(one, other) -> None:
    for key, value in one[0].items():
        np.testing.assert_array_equal(value, other[0][key])
    np.testing.assert_array_equal(one[1], other[1])


def test_a_stream_started_at_any_step_gives_the_same_bytes() -> None:
    store = random_store(10)
    whole = list(TrainingStream(store, 7, 4, np.eye(3)).batches(0, 12))
    for first in (1, 5, 11):
        for step, batch in enumerate(TrainingStream(store, 7, 4, np.eye(3)).batches(first, 12), start=first):
            assert_same(batch, whole[step])


def test_shards_do_not_matter() -> None:
    one, three = (TrainingStream(random_store(10, shards=n), 7, 4, NO_COLOUR).batch(3) for n in (1, 3))
    assert_same(one, three)


def test_every_epoch_uses_each_image_once_even_if_batches_lie_across_epochs() -> None:
    stream = TrainingStream(random_store(10), 7, 4, NO_COLOUR)
    indices = np.concatenate([stream.indices(step) for step in range(5)])
    assert sorted(indices[:10]) == sorted(indices[10:20]) == list(range(10))
    assert [stream.first_step(epoch) for epoch in range(3)] == [0, 3, 5]


def test_crops_labels_and_images_belong_together() -> None:
    store = random_store(6)
    stream = TrainingStream(store, 7, 6, NO_COLOUR)
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
    stream = TrainingStream(random_store(4), 7, 4, directions)
    shifts = np.concatenate([stream.batch(step)[0]["colour_shift"] for step in range(400)])
    np.testing.assert_allclose(shifts.std(axis=0), [5, 2, 0], rtol=0.1)


def test_fewer_images_than_a_batch_is_an_error_that_names_the_parameter() -> None:
    with pytest.raises(UserError, match=r"3 training images .* train\.batch_size"):
        TrainingStream(random_store(3), 7, 4, NO_COLOUR)
