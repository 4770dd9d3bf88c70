"""The principal components are those of NumPy on all pixels, in the units that the paper's formula needs."""

from pathlib import Path

import numpy as np
import pytest

from alexnet_pipe.statistics.pca import RgbPca, colour_products, rgb_pca
from tests.stores import stored_shards


def natural_pixels() -> np.ndarray:
    """Correlated colours, as photographs have."""
    generator = np.random.default_rng(3)
    grey = generator.normal(120, 50, (5, 256, 256, 1))
    return np.clip(grey + generator.normal(0, 1, (5, 256, 256, 3)) * [20, 8, 14], 0, 255).astype(np.uint8)


def pca_of(folder: Path, pixels: np.ndarray, shards: int = 1) -> RgbPca:
    return rgb_pca(map(colour_products, stored_shards(folder, pixels, shards)))


def test_it_equals_numpy_on_all_pixels_in_float64(tmp_path: Path) -> None:
    pixels = natural_pixels().reshape(-1, 3).astype(np.float64) / 255
    eigenvalues, eigenvectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    pca = pca_of(tmp_path, natural_pixels())
    np.testing.assert_allclose(pca.eigenvalues, eigenvalues[::-1], rtol=1e-9)
    np.testing.assert_allclose(np.abs(pca.eigenvectors), np.abs(eigenvectors[:, ::-1]), atol=1e-9)
    assert pca.pixels == len(pixels)


def test_the_products_are_exact_integers(tmp_path: Path) -> None:
    pixels = np.concatenate([natural_pixels(), np.full((300, 256, 256, 3), 255, np.uint8)])
    (shard,) = stored_shards(tmp_path, pixels)
    values = np.concatenate([pixels.reshape(-1, 3), np.ones((pixels.size // 3, 1), np.uint8)], axis=1).astype(np.int64)
    np.testing.assert_array_equal(colour_products(shard)["products"], values.T @ values)


def test_each_column_belongs_to_its_eigenvalue_and_points_the_same_way_always(tmp_path: Path) -> None:
    pca = pca_of(tmp_path, natural_pixels())
    assert list(pca.eigenvalues) == sorted(pca.eigenvalues, reverse=True)
    # The main direction of correlated colours is grey: all three components positive and alike.
    np.testing.assert_allclose(pca.eigenvectors[:, 0], 1 / np.sqrt(3), atol=0.1)
    largest = np.abs(pca.eigenvectors).argmax(axis=0)
    assert (pca.eigenvectors[largest, range(3)] > 0).all()


def test_the_unit_is_pixels_from_zero_to_one(tmp_path: Path) -> None:
    half = np.zeros((2, 256, 256, 3), np.uint8)
    half[1] = 255
    # Black and white in equal parts: a variance of 1/4 in each channel, all of it along grey.
    np.testing.assert_allclose(pca_of(tmp_path, half).eigenvalues, [0.75, 0, 0], atol=1e-12)


def test_shards_do_not_change_a_single_bit(tmp_path: Path) -> None:
    whole, parts = pca_of(tmp_path, natural_pixels()), pca_of(tmp_path, natural_pixels(), shards=3)
    np.testing.assert_array_equal(whole.eigenvalues, parts.eigenvalues)
    np.testing.assert_array_equal(whole.eigenvectors, parts.eigenvectors)


def test_the_last_bits_of_a_processor_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, eigh = pca_of(tmp_path, natural_pixels()), np.linalg.eigh
    elsewhere = lambda matrix: tuple(np.nextafter(values, 2) for values in eigh(matrix))  # noqa: E731
    monkeypatch.setattr(np.linalg, "eigh", elsewhere)
    there = pca_of(tmp_path, natural_pixels())
    np.testing.assert_array_equal(here.eigenvalues, there.eigenvalues)
    np.testing.assert_array_equal(here.eigenvectors, there.eigenvectors)


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_single_colour_has_no_variance(tmp_path: Path, level: int) -> None:
    plain = np.full((2, 256, 256, 3), level, np.uint8)
    np.testing.assert_array_equal(pca_of(tmp_path, plain).eigenvalues, 0)
