"""The principal components are those of NumPy on all pixels, in the units that the paper's formula needs."""

import numpy as np
import pytest

from alexnet_pipe.statistics.pca import rgb_pca
from alexnet_pipe.store.image_store import ImageStore
from tests.stores import random_store


def natural_store(shards: int = 1) -> ImageStore:
    """Correlated colours, as photographs have."""
    generator = np.random.default_rng(3)
    grey = generator.normal(120, 50, (5, 256, 256, 1))
    pixels = np.clip(grey + generator.normal(0, 1, (5, 256, 256, 3)) * [20, 8, 14], 0, 255).astype(np.uint8)
    store = random_store(5)
    return ImageStore(store.classes, store.rows, np.array_split(pixels, shards))


def test_it_equals_numpy_on_all_pixels_in_float64() -> None:
    store = natural_store()
    pixels = store.shards[0].reshape(-1, 3).astype(np.float64) / 255
    eigenvalues, eigenvectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    pca = rgb_pca(store)
    np.testing.assert_allclose(pca.eigenvalues, eigenvalues[::-1], rtol=1e-9)
    np.testing.assert_allclose(np.abs(pca.eigenvectors), np.abs(eigenvectors[:, ::-1]), atol=1e-9)
    assert pca.pixels == len(pixels)


def test_each_column_belongs_to_its_eigenvalue_and_points_the_same_way_always() -> None:
    pca = rgb_pca(natural_store())
    assert list(pca.eigenvalues) == sorted(pca.eigenvalues, reverse=True)
    # The main direction of correlated colours is grey: all three components positive and alike.
    np.testing.assert_allclose(pca.eigenvectors[:, 0], 1 / np.sqrt(3), atol=0.1)
    largest = np.abs(pca.eigenvectors).argmax(axis=0)
    assert (pca.eigenvectors[largest, range(3)] > 0).all()


def test_the_unit_is_pixels_from_zero_to_one() -> None:
    half = np.zeros((2, 256, 256, 3), np.uint8)
    half[1] = 255
    store = random_store(2)
    pca = rgb_pca(ImageStore(store.classes, store.rows, [half]))
    # Black and white in equal parts: a variance of 1/4 in each channel, all of it along grey.
    np.testing.assert_allclose(pca.eigenvalues, [0.75, 0, 0], atol=1e-12)


def test_shards_do_not_change_a_single_bit() -> None:
    whole, parts = rgb_pca(natural_store()), rgb_pca(natural_store(shards=3))
    np.testing.assert_array_equal(whole.eigenvalues, parts.eigenvalues)
    np.testing.assert_array_equal(whole.eigenvectors, parts.eigenvectors)


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_single_colour_has_no_variance(level: int) -> None:
    store = random_store(2)
    plain = ImageStore(store.classes, store.rows, [np.full((2, 256, 256, 3), level, np.uint8)])
    np.testing.assert_array_equal(rgb_pca(plain).eigenvalues, 0)
