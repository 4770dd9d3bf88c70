"""Crops and other sizes of training images that were put into the test set are found, and others are not."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from alexnet_pipe.evaluation import near_copies as module
from alexnet_pipe.evaluation.error_rates import predict
from alexnet_pipe.evaluation.examples import nearest_training_images
from alexnet_pipe.evaluation.near_copies import (
    ALIKE,
    DETAILS,
    Candidates,
    alike_by_hash,
    correlations,
    near_copies,
    near_copy_metrics,
)
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.store.image_store import ImageStore
from tests.stores import random_store

Copy = Callable[[Image.Image], Image.Image]


def scene(seed: int) -> Image.Image:
    """Blots of all sizes, the smaller the fainter, as in photographs."""
    random, picture = np.random.default_rng(seed), np.zeros((256, 256, 3))
    for side in (3, 6, 12, 24, 48, 96):
        blots = Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))
        picture += np.asarray(blots.resize((256, 256), Image.Resampling.BICUBIC), float) / side
    return Image.fromarray((255 * picture / picture.max()).astype(np.uint8))


def cropped(area: float, corner: float) -> Copy:
    side = round(256 * area**0.5)
    at = round(corner * (256 - side))
    return lambda picture: picture.crop((at, at, at + side, at + side)).resize((256, 256), Image.Resampling.BICUBIC)


def smaller(side: int) -> Copy:
    small: Copy = lambda picture: picture.resize((side, side), Image.Resampling.BOX)  # noqa: E731
    return lambda picture: small(picture).resize((256, 256), Image.Resampling.BICUBIC)


def compressed(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return Image.open(buffer)


COPIES: dict[str, Copy] = {
    "crop of 90 %": cropped(0.9, 0.0),
    "crop of 80 %": cropped(0.8, 1.0),
    "crop of 64 %": cropped(0.64, 0.4),
    "crop of 50 %": cropped(0.5, 0.7),
    "64 pixels": smaller(64),
    "100 pixels": smaller(100),
    "compressed": compressed,
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("seed", range(4))
def test_one_picture_is_laid_into_the_other(name: str, seed: int) -> None:
    whole = scene(seed)
    copy = np.asarray(COPIES[name](whole))
    for pair in ((copy, np.asarray(whole)), (np.asarray(whole), copy)):
        likeness, details = correlations(*pair)
        assert likeness >= ALIKE
        assert details >= DETAILS


def test_different_pictures_and_plain_ones_are_not_alike() -> None:
    for seed in range(8):
        _, details = correlations(np.asarray(scene(seed)), np.asarray(scene(seed + 100)))
        assert details < 0.4
    plain = np.full((256, 256, 3), 90, np.uint8)
    assert correlations(plain, plain) == (0, 0)


def test_the_same_shape_in_other_colours_is_no_copy() -> None:
    whole = scene(0)
    red, green, blue = whole.split()
    assert correlations(np.asarray(whole), np.asarray(Image.merge("RGB", (red, green, blue))))[1] > DETAILS
    likeness, details = correlations(np.asarray(whole), np.asarray(whole) // 2)
    assert likeness > ALIKE
    assert details == 0


def stores(copies: list[Copy]) -> tuple[ImageStore, ImageStore]:
    """Test images, of which the first are copies of the first training images; and 40 training images."""
    train = [scene(seed) for seed in range(40)]
    test = [copy(train[at]) for at, copy in enumerate(copies)] + [scene(seed) for seed in range(200, 208)]
    rows = random_store(60, classes=3).rows
    names = ["a", "b", "c"]
    return tuple(ImageStore(names, rows.head(len(each)), [np.stack(each)]) for each in (test, train))  # type: ignore


def test_planted_copies_are_found_in_the_pass_for_the_nearest_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alexnet_pipe.evaluation.examples.TOGETHER", 16)
    copies = [COPIES[name] for name in ("crop of 90 %", "crop of 80 %", "64 pixels", "100 pixels", "compressed")]
    test, train = stores(copies)
    network = FeatureNetwork(Classifier(["a", "b", "c"], width=0.05, initialisation="he", seed=4))
    features = predict(network, test).features
    proposed = Candidates(features)
    nearest_training_images(network, train, [0], features, proposed.add)
    assert proposed.places.shape == (len(test), module.PROPOSED)
    found = near_copies(test, train, proposed.places)
    assert sorted(zip(found["test"], found["train"], strict=True)) == [(at, at) for at in range(len(copies))]
    assert found["details"].is_monotonic_decreasing


def test_the_candidates_are_those_of_the_least_angle_whatever_the_batches() -> None:
    random = np.random.default_rng(0)
    tested, trained = random.normal(size=(3, 8)).astype(np.float32), random.normal(size=(20, 8)).astype(np.float32)
    proposed = Candidates(5 * tested)
    for places in np.array_split(np.arange(20), 6):
        proposed.add(100 + places, trained[places])
    angles = (tested @ trained.T) / np.linalg.norm(trained, axis=1)
    assert proposed.places.tolist() == (100 + np.argsort(-angles, axis=1)[:, : module.PROPOSED]).tolist()


def test_a_test_image_is_alike_by_hash_if_its_pair_is_a_training_image() -> None:
    test = random_store(4)
    digests = test.rows["sha256"]
    pairs = pd.DataFrame(
        {"sha256_first": [digests[0], "x", digests[2]], "split_first": ["test", "train", "test"]}
        | {"sha256_second": ["y", digests[1], "z"], "split_second": ["train", "test", "validation"]}
    )
    assert alike_by_hash(test, pairs).tolist() == [True, True, False, False]
    assert not alike_by_hash(test, pairs.head(0)).any()


def test_errors_are_those_of_the_parts() -> None:
    wrong = np.array([True, False, True, False, False])
    near = {"near_copy": np.array([True, True, False, False, False]), "none": np.zeros(5, bool)}
    metrics = near_copy_metrics(wrong, near)
    assert (metrics["examples_with_near_copy"], metrics["top1_error_ten_view_with_near_copy"]) == (2, 0.5)
    assert metrics["top1_error_ten_view_without_near_copy"] == pytest.approx(1 / 3)
    assert metrics["top1_error_ten_view_without_near_copy_interval"]["high"] > 1 / 3
    assert (metrics["examples_with_none"], metrics["top1_error_ten_view_with_none"]) == (0, None)
