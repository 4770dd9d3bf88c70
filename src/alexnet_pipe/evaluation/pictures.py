"""What a model is made of, as picture files that `dvc plots diff` puts side by side."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.files import written_aside

_COLUMNS = 8
_ZOOM = 4
_GREY = 127.5


def save_picture(path: Path, pixels: NDArray[np.floating]) -> None:
    """Write RGB pixels in 0–255, `(height, width, 3)`, as PNG."""
    with written_aside(path) as aside:
        Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(aside, "PNG")


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
