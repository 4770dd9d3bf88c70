"""Principal components of RGB over all training pixels, exact up to the last step (paper, section 4.1)."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.statistics.blocks import map_blocks
from alexnet_pipe.store.image_store import ImageStore


@dataclass(frozen=True)
class RgbPca:
    """
    Attributes:
        eigenvalues: float64 `(3,)`, falling, of the covariance of pixels in [0, 1].
        eigenvectors: float64 `(3, 3)`; column i belongs to eigenvalue i, rows are R, G, B; the largest component
            of each column is positive.
        pixels: How many pixels went in.
    """

    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64]
    pixels: int


def rgb_pca(store: ImageStore) -> RgbPca:
    """The covariance (divided by the number of pixels) from integer sums, then its eigenvectors."""
    products = np.zeros((4, 4), dtype=object)
    for block in map_blocks("pca", _products, store):
        # Python's integers: no sum over any number of pixels overflows.
        products += block.astype(object)
    pixels = int(products[3, 3])
    eigenvalues, eigenvectors = np.linalg.eigh(_covariance(products, pixels))
    falling = eigenvectors[:, ::-1]
    largest = np.abs(falling).argmax(axis=0)
    signs = np.sign(falling[largest, range(3)])
    return RgbPca(eigenvalues[::-1], falling * signs, pixels)


def _products(block: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Σ of all products of (R, G, B, 1) over the block's pixels, `(4, 4)`."""
    pixels = np.ones((block.size // 3, 4))
    pixels[:, :3] = block.reshape(-1, 3)
    # Sums of whole numbers below 2^53 are exact in float64, and the matrix product is far faster than in integers.
    assert len(pixels) * 255**2 < 2**53
    return (pixels.T @ pixels).astype(np.int64)


def _covariance(products: NDArray[np.object_], pixels: int) -> NDArray[np.float64]:
    """In units of (pixel / 255)², without cancellation: n·Σxy − Σx·Σy is an integer."""
    covariance = np.empty((3, 3))
    for x, y in np.ndindex(3, 3):
        numerator = pixels * int(products[x, y]) - int(products[x, 3]) * int(products[y, 3])
        covariance[x, y] = float(Fraction(numerator, pixels**2 * 255**2))
    return covariance
