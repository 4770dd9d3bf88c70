"""The mean image, the principal colour directions, and what the colour shift does."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.reporting.pictures import picture
from alexnet_pipe.reporting.results import Results

DRAWS = 8
DEVIATION = 0.1
_SWATCH_STEPS = 64


def colour_section(results: Results) -> dict[str, Any]:
    """Pictures of the mean, of each direction, and of one photograph shifted `DRAWS` times."""
    photograph = np.asarray(results.train[0], np.float64)
    shifts = np.random.default_rng(0).normal(0, DEVIATION, (DRAWS, 3)) * results.eigenvalues
    return {
        "mean": picture(results.mean),
        "directions": [
            {"swatch": picture(swatch(results.eigenvectors[:, i])), "eigenvalue": float(results.eigenvalues[i])}
            for i in range(3)
        ],
        "original": picture(photograph, 128),
        "shifted": [picture(photograph + 255 * results.eigenvectors @ shift, 128) for shift in shifts],
    }


def swatch(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey plus and minus a direction of RGB, from left to right, `(32, 256, 3)` in 0–255."""
    amount = np.repeat(np.linspace(-110, 110, _SWATCH_STEPS), 256 // _SWATCH_STEPS)
    return np.broadcast_to(127.5 + amount[None, :, None] * direction, (32, 256, 3))
