"""Principal components of RGB over all training pixels, exact up to the last step (paper, section 4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.cluster.shards import Result
from alexnet_pipe.statistics.shards import StoredShard, blocks

_COLUMNS = 6144
"""Bytes of each image that are multiplied at a time, so that the products stay in the cache."""


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


def colour_products(shard: StoredShard) -> Result:
    """products: int64 `(4, 4)`, Σ of all products of (R, G, B, 1) over the shard's pixels."""
    products = np.zeros((4, 4), np.int64)
    for block in blocks(shard):
        products += sum(_products(block[:, start : start + _COLUMNS]) for start in range(0, block.shape[1], _COLUMNS))
    return {"products": products}


def rgb_pca(shards: Iterable[Result]) -> RgbPca:
    """The principal components of all pixels, from the `colour_products` of all shards."""
    products = np.zeros((4, 4), dtype=object)
    for result in shards:
        # Python's integers: no sum over any number of pixels overflows.
        products += result["products"].astype(object)
    pixels = int(products[3, 3])
    eigenvalues, eigenvectors = np.linalg.eigh(_covariance(products, pixels))
    falling = eigenvectors[:, ::-1]
    largest = np.abs(falling).argmax(axis=0)
    signs = np.sign(falling[largest, range(3)])
    return RgbPca(eigenvalues[::-1], falling * signs, pixels)


def _products(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Σ of products of (R, G, B, 1) over pixels whose three bytes follow each other, `(images, 3·pixels)`."""
    wide = values.astype(np.float32)
    # Bytes multiplied with themselves, with the next and with the next but one give RR, RG, RB, GG, GB, BB and some
    # products of two pixels, which are left out. Sums over 256 images stay below 2^24, so float32 is exact; all this is
    # several times faster than integers, and than a matrix product with three columns.
    squares, next_one, next_but_one = (
        np.einsum("ij,ij->j", wide[:, shift:], wide[:, : wide.shape[1] - shift]) for shift in range(3)
    )
    sums, n = wide.sum(axis=0), wide.size // 3
    (rr, gg, bb), (r, g, b) = _by_channel(squares), _by_channel(sums)
    rg, gb, rb = _whole(next_one[0::3]), _whole(next_one[1::3]), _whole(next_but_one[0::3])
    return np.array([[rr, rg, rb, r], [rg, gg, gb, g], [rb, gb, bb, b], [r, g, b, n]], np.int64)


def _by_channel(sums: NDArray[np.float32]) -> list[int]:
    return [_whole(sums[channel::3]) for channel in range(3)]


def _whole(sums: NDArray[np.float32]) -> int:
    return int(sums.sum(dtype=np.float64))


def _covariance(products: NDArray[np.object_], pixels: int) -> NDArray[np.float64]:
    """In units of (pixel / 255)², without cancellation: n·Σxy − Σx·Σy is an integer."""
    covariance = np.empty((3, 3))
    for x, y in np.ndindex(3, 3):
        numerator = pixels * int(products[x, y]) - int(products[x, 3]) * int(products[y, 3])
        covariance[x, y] = float(Fraction(numerator, pixels**2 * 255**2))
    return covariance
