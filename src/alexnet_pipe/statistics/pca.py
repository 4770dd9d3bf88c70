"""Principal components of RGB over all training pixels, exact up to the last step (paper, section 4.1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.cluster.mapping import Result
from alexnet_pipe.paper import SIDE
from alexnet_pipe.statistics.over_shards import StoredShard, blocks

_BLOCK, _COLUMNS = 64, 3072
"""Images, and bytes of each, that are multiplied at a time, so that they stay in the cache."""

_DECIMALS = 12
"""Of eigenvalues and eigenvectors: what every processor agrees on, and far more than a colour shift needs."""


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
    sums, wide = np.zeros((4, SIDE * SIDE * 3)), np.empty((_BLOCK, _COLUMNS), np.float32)
    for block in blocks(shard, _BLOCK):
        for start in range(0, sums.shape[1], _COLUMNS):
            np.copyto(wide[: len(block)], block[:, start : start + _COLUMNS])
            _add_products(wide[: len(block)], sums[:, start : start + _COLUMNS])
    (rr, gg, bb), (rg, gb, _), (rb, _, _), (r, g, b) = sums.reshape(4, -1, 3).sum(axis=1)
    n = shard.images * SIDE * SIDE
    return {"products": np.array([[rr, rg, rb, r], [rg, gg, gb, g], [rb, gb, bb, b], [r, g, b, n]], np.int64)}


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
    # The last bits are the processor's: LAPACK rounds as its instructions do.
    return RgbPca(_rounded(eigenvalues[::-1]), _rounded(falling * signs), pixels)


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.round(_DECIMALS) + 0.0  # No zero keeps a sign.


def _add_products(values: NDArray[np.float32], sums: NDArray[np.float64]) -> None:
    """Add to `sums`, over images, each byte times itself, the next and the next but one; and each byte.

    The bytes are R, G, B, R, G, B, …, so products of two pixels are among them, which nobody looks at. In float32 sums
    of 256 products are exact, and all this is faster than integers, and than matrix products of three columns.
    """
    for shift in range(3):
        end = values.shape[1] - shift
        sums[shift, :end] += np.einsum("ij,ij->j", values[:, shift:], values[:, :end])
    sums[3] += np.ones(len(values), np.float32) @ values


def _covariance(products: NDArray[np.object_], pixels: int) -> NDArray[np.float64]:
    """In units of (pixel / 255)², without cancellation: n·Σxy − Σx·Σy is an integer."""
    covariance = np.empty((3, 3))
    for x, y in np.ndindex(3, 3):
        numerator = pixels * int(products[x, y]) - int(products[x, 3]) * int(products[y, 3])
        covariance[x, y] = float(Fraction(numerator, pixels**2 * 255**2))
    return covariance
