"""NumPy files, written aside and renamed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.artifacts import written_aside


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as `.npy`."""
    with written_aside(path) as aside, aside.open("wb") as file:
        np.save(file, array)
