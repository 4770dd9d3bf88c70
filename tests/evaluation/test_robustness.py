"""Corruptions are the same on every run, grow, and cost what they cost a network that is known."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from alexnet_pipe.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupted
from alexnet_pipe.evaluation.robustness import (
    IMAGENET_C,
    QUICK,
    QUICK_IMAGES,
    corruption_rows,
    robustness,
    severity_means,
)
from alexnet_pipe.store.image_store import ImageStore

DARK, LIGHT = 0, 1


class Threshold:
    """Calls light what is in the mean lighter than `bound`; of fine grain it calls all light."""

    temperatures = (1.0, 1.0)

    def __init__(self, bound: float = 127.5, grain: float = 1e9) -> None:
        self.bound, self.grain = bound, grain

    def outputs(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        pixels = images.astype(np.float32)
        light = pixels.mean(axis=(1, 2, 3)) > self.bound
        coarse = np.abs(np.diff(pixels, axis=2)).mean(axis=(1, 2, 3)) > self.grain
        logits = np.stack([~(light | coarse), light | coarse], axis=1).astype(np.float32)
        return logits[None], logits[None]


def photograph(seed: int = 0, level: float = 110) -> NDArray[np.uint8]:
    """Hills around a grey level, and tiles on them."""
    draws = np.random.default_rng(seed)
    rows, columns = np.mgrid[:256, :256] / 256
    waves = [np.sin(2 * np.pi * (a * rows + b * columns + c)) for a, b, c in draws.uniform(0.5, 3, (3, 3))]
    tiles = draws.uniform(-15, 15, (37, 37, 1)).repeat(7, axis=0).repeat(7, axis=1)[:256, :256]
    return np.clip(level + 40 * np.stack(waves, axis=2) + tiles, 0, 255).astype(np.uint8)


def store_of(levels: list[float]) -> ImageStore:
    pixels = np.stack([photograph(n, level) for n, level in enumerate(levels)])
    labels = [LIGHT if level > 127 else DARK for level in levels]
    return ImageStore(["dark", "light"], pd.DataFrame({"label": labels}), [pixels])


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_the_same_on_every_run_and_another_of_another_photograph(name: str) -> None:
    image = photograph()
    before = image.copy()
    first, second = corrupted(image, name, 3), corrupted(image.copy(), name, 3)
    assert (first.dtype, first.shape) == (np.uint8, (256, 256, 3))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(image, before)
    assert not np.array_equal(first, corrupted(photograph(1), name, 3))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_without_severity_a_photograph_stays_and_with_it_never(name: str) -> None:
    image = photograph()
    np.testing.assert_array_equal(corrupted(image, name, 0), image)
    distances = [np.abs(corrupted(image, name, n).astype(float) - image).mean() for n in SEVERITIES]
    assert min(distances) > 0.2
    # Ice and mist hide more as they thicken and move grey levels less; rubber bends first, and is torn in small then.
    if name not in ("frost", "fog", "elastic_transform"):
        assert distances == sorted(distances)


def test_noise_has_its_published_deviation_and_blur_its_width() -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    for name, expected in (("gaussian_noise", 0.08), ("shot_noise", np.sqrt(128 / 255 / 60))):
        assert corrupted(grey, name, 1).std() / 255 == pytest.approx(expected, rel=0.02)
    noisy = corrupted(grey, "impulse_noise", 5)
    assert [np.mean(noisy == value) for value in (0, 255)] == pytest.approx([0.135, 0.135], abs=0.003)
    point = np.zeros((256, 256, 3), np.uint8)
    point[127:130, 127:130] = 255
    disk = corrupted(point, "defocus_blur", 5)
    rows, columns = np.nonzero(disk[..., 0])
    assert np.ptp(rows) == pytest.approx(2 * 10 + 2, abs=3)
    assert np.ptp(columns) == np.ptp(rows)


def test_contrast_keeps_the_mean_and_its_share_of_the_rest() -> None:
    image = photograph()
    flat = corrupted(image, "contrast", 4)
    np.testing.assert_allclose(flat.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=0.5)
    assert flat.std(axis=(0, 1)) == pytest.approx(0.1 * image.std(axis=(0, 1)), rel=0.1)


def test_the_error_is_the_clean_one_without_corruption_and_the_planted_one_with_it() -> None:
    # Brightness adds a tenth a severity to the greatest of three channels: who is at 127.5 less that turns light.
    store = store_of([40, 60, 80, 100, 118, 220])
    found = robustness(Threshold(), store, names=["brightness", "contrast"], severities=SEVERITIES)
    assert (found["examples"], found["clean"]) == (6, 0)
    by_brightness = [found["wrong"]["brightness"][str(n)] for n in SEVERITIES]
    expected = [
        int(sum(corrupted(store[place], "brightness", n).mean() > 127.5 for place in range(5))) for n in SEVERITIES
    ]
    assert by_brightness == expected == sorted(expected)
    assert (by_brightness[0], by_brightness[-1]) == (1, 4)
    assert set(found["wrong"]["contrast"].values()) == {0}
    assert found["mean_corruption_error"] == pytest.approx(sum(by_brightness) / (6 * 10))
    interval = found["mean_corruption_error_interval"]
    assert 0 <= interval["low"] < found["mean_corruption_error"] < interval["high"] <= 1


def test_errors_grow_with_the_severity_of_what_the_network_minds() -> None:
    found = robustness(Threshold(grain=12), store_of([50, 90] * 10), names=QUICK, severities=SEVERITIES)
    means = severity_means(found, "noise")
    assert list(means) == [0, *SEVERITIES]
    assert (means[0], means[5]) == (0, 1)
    assert list(means.values()) == sorted(means.values())
    assert set(severity_means(found, "blur").values()) == {0}
    assert severity_means(found)[5] == pytest.approx(1 / 3)


def test_the_quick_form_looks_at_so_many_images_of_however_many() -> None:
    store = store_of([90.0, 100.0])
    many = ImageStore(store.classes, pd.DataFrame({"label": [0] * 400}), [np.stack([store[0], store[1]] * 200)])
    found = robustness(Threshold(), many)
    assert found["examples"] == QUICK_IMAGES
    assert list(found["wrong"]) == list(QUICK)
    assert [list(each) for each in found["wrong"].values()] == [["3"]] * 3


def test_a_row_has_errors_with_intervals_beside_what_was_published() -> None:
    found = {"examples": 10, "clean": 1, "wrong": {"contrast": {"1": 2, "5": 6}}}
    (row,) = corruption_rows(found)
    assert (row["name"], row["kind"], row["published"]) == ("contrast", "digital", 0.853)
    assert row["mean"] == pytest.approx(0.4)
    assert row["errors"][5]["low"] < row["errors"][5]["error"] == 0.6 < row["errors"][5]["high"]
    # The paper's table 1 has 100 % for the mean of what each is divided by, and single values that a row must find.
    assert (IMAGENET_C["gaussian_noise"], IMAGENET_C["jpeg_compression"]) == (0.886, 0.607)
