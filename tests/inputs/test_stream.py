"""Batches are a pure function of (seed, step), and an epoch uses every image once."""

import json
from pathlib import Path

import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.draws import crop_boxes, mixup_shares
from alexnet_pipe.inputs.stream import TrainingStream, colour_directions, probabilities
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.portable.stored_model import weights_digest
from tests.stores import random_store

NO_COLOUR = np.zeros((3, 3))
TRAIN = TrainParams(seed=7, batch_size=4)
DIGEST = "5a207f1c10eb50a3104e5685c5d0db4aba78b9726ae7a4d46d5c293c9b23f593"


def assert_same(one, other) -> None:
    for key, value in one[0].items():
        np.testing.assert_array_equal(value, other[0][key])
    np.testing.assert_array_equal(one[1], other[1])


ALL = TRAIN.model_copy(update={"crop_area": 0.2, "mixup": 0.2, "label_smoothing": 0.1})


@pytest.mark.parametrize("train", [TRAIN, ALL], ids=["as published", "all"])
def test_a_stream_started_at_any_step_gives_the_same_bytes(train: TrainParams) -> None:
    store = random_store(10)
    whole = list(TrainingStream(store, np.eye(3), train).batches(0, 12))
    for first in (1, 5, 11):
        for step, batch in enumerate(TrainingStream(store, np.eye(3), train).batches(first, 12), start=first):
            assert_same(batch, whole[step])


def test_a_batch_of_the_published_recipe_is_the_same_in_every_version() -> None:
    # Every bit of a training follows from its batches: a draw that changes makes all published results another's.
    inputs, labels = TrainingStream(random_store(10), np.eye(3), TRAIN).batch(3)
    assert (sorted(inputs), labels.dtype) == (["colour_shift", "image", "mirror", "offset"], np.int32)
    assert weights_digest([*(inputs[name] for name in sorted(inputs)), labels]) == DIGEST


def test_a_batch_of_boxes_holds_whole_images_and_what_was_drawn_for_them() -> None:
    store = random_store(10)
    stream = TrainingStream(store, np.eye(3), ALL)
    inputs, labels = stream.batch(3)
    np.testing.assert_array_equal(inputs["image"], store.gather(stream.indices(3)))
    np.testing.assert_array_equal(inputs["box"], crop_boxes(7, 3, 4, 0.2))
    np.testing.assert_array_equal(inputs["share"], mixup_shares(7, 3, 4, 0.2))
    assert "offset" not in inputs
    assert (labels.dtype, labels.shape) == (np.float32, (4, 2))


def test_probabilities_have_the_sum_1_and_smoothing_spreads_its_share_evenly() -> None:
    smoothed = probabilities(np.array([2, 0], np.int32), 4, 0.2)
    np.testing.assert_allclose(smoothed, [[0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05]], atol=1e-7)
    for step in range(20):
        _, labels = TrainingStream(random_store(10, 3), np.eye(3), ALL).batch(step)
        assert labels.min() > 0
        np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)


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
