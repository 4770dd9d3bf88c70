"""The mean image is exact, whatever the order and the shards."""

import numpy as np

from alexnet_pipe.statistics.mean import mean_image
from alexnet_pipe.store.image_store import ImageStore
from tests.stores import random_store


def store_of(pixels: np.ndarray, shards: int = 1) -> ImageStore:
    store = random_store(len(pixels))
    return ImageStore(store.classes, store.rows, np.array_split(pixels, shards))


def test_it_is_the_mean_of_every_pixel_in_float64() -> None:
    store = random_store(7)
    expected = np.mean(store.shards[0].astype(np.float64), axis=0).astype(np.float32)
    np.testing.assert_array_equal(mean_image(store), expected)


def test_bright_images_do_not_overflow() -> None:
    white = store_of(np.full((300, 256, 256, 3), 255, np.uint8))
    np.testing.assert_array_equal(mean_image(white), np.full((256, 256, 3), 255, np.float32))


def test_the_order_and_the_shards_do_not_matter() -> None:
    pixels = random_store(9).shards[0]
    whole = mean_image(store_of(pixels))
    np.testing.assert_array_equal(mean_image(store_of(pixels[::-1].copy(), shards=4)), whole)
    assert whole.dtype == np.float32
