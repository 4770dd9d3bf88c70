"""The mean image is exact, whatever the order and the shards."""

from pathlib import Path

import numpy as np

from alexnet_pipe.stages.mean import image_sum, mean_image
from tests.stores import random_store, stored_shards


def mean_of(folder: Path, pixels: np.ndarray, shards: int = 1) -> np.ndarray:
    return mean_image(map(image_sum, stored_shards(folder, pixels, shards)))


def test_it_is_the_mean_of_every_pixel_in_float64(tmp_path: Path) -> None:
    pixels = random_store(7).shards[0]
    expected = np.mean(pixels.astype(np.float64), axis=0).astype(np.float32)
    np.testing.assert_array_equal(mean_of(tmp_path, pixels), expected)


def test_bright_images_do_not_overflow(tmp_path: Path) -> None:
    white = np.full((300, 256, 256, 3), 255, np.uint8)
    np.testing.assert_array_equal(mean_of(tmp_path, white), np.full((256, 256, 3), 255, np.float32))


def test_the_order_and_the_shards_do_not_matter(tmp_path: Path) -> None:
    pixels = random_store(9).shards[0]
    whole = mean_of(tmp_path, pixels)
    np.testing.assert_array_equal(mean_of(tmp_path, pixels[::-1].copy(), shards=4), whole)
    assert whole.dtype == np.float32
