"""The first layer's kernels, drawn; and which have learned something: of edges and colours, neighbours are alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.params.model import VARIANTS

LEARNED = 0.3
"""Autocorrelation above which a kernel counts as learned; noise, with which training starts, has about 0 ± 0.04."""

_COLUMNS = 8
_ZOOM = 4
_GREY = 127.5


def learned_kernels(kernels: NDArray[np.floating], variant: str) -> list[int]:
    """How many of conv1's kernels `(11, 11, 3, kernels)` are more than noise, one count a tower of `variant`."""
    learned = autocorrelation(kernels) > LEARNED
    return [int(tower.sum()) for tower in np.split(learned, VARIANTS[variant].towers)]


def autocorrelation(kernels: NDArray[np.floating]) -> NDArray[np.floating]:
    """Of each kernel, with itself moved by one pixel, down and to the right, less each colour's mean, `(kernels,)`."""
    wide = kernels.astype(np.float64)  # Squares of diverging weights overflow float32.
    free = wide - wide.mean(axis=(0, 1), keepdims=True)
    down, right = (free[1:] * free[:-1]).mean(axis=(0, 1, 2)), (free[:, 1:] * free[:, :-1]).mean(axis=(0, 1, 2))
    variance = np.square(free).mean(axis=(0, 1, 2))
    return (down + right) / 2 / np.maximum(variance, np.finfo(np.float64).tiny)


def in_words(counts: Sequence[int], kernels: int) -> str:
    """As "3 of 12 in one tower, 11 of 12 in the other"."""
    each = [f"{count} of {kernels // len(counts)}" for count in counts]
    return each[0] if len(each) == 1 else f"{each[0]} in one tower, {each[1]} in the other"


def kernel_grid(filters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernels `(11, 11, 3, n)`, eight in a row, each stretched to 0–255 around grey, four times as large (figure 3)."""
    size, count = filters.shape[0], filters.shape[-1]
    rows = -(-count // _COLUMNS)
    grid = np.full((rows * (size + 1) - 1, _COLUMNS * (size + 1) - 1, 3), _GREY, np.float32)
    for number in range(count):
        top, left = (part * (size + 1) for part in divmod(number, _COLUMNS))
        kernel = filters[..., number]
        grid[top : top + size, left : left + size] = _GREY * (1 + kernel / max(1e-12, float(np.abs(kernel).max())))
    return grid.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
