"""The mean image, the principal colour directions, and what the colour shift does."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.inputs.draws import colour_factors
from alexnet_pipe.inputs.stream import colour_directions
from alexnet_pipe.reporting.pictures import picture
from alexnet_pipe.reporting.results import Results

DRAWS = 8
_SWATCH_STEPS = 64
_CENTRE = slice(64, 192)


def colour_section(results: Results, train: Mapping[str, Any]) -> dict[str, Any]:
    """Pictures of the mean, of each direction, and of one photograph shifted `DRAWS` times.

    Args:
        results: What the stages left.
        train: The section `train`: the draws are those of its first step.
    """
    photograph = np.asarray(results.train[0], np.float64)
    return {
        "mean": picture(results.mean),
        "mean_levels": {
            "centre": float(results.mean[_CENTRE, _CENTRE].mean()),
            "channels": [float(level) for level in results.mean.mean(axis=(0, 1))],
            "all": float(results.mean.mean()),
        },
        "directions": [
            {
                "swatch": picture(swatch(results.eigenvectors[:, i])),
                "eigenvalue": float(results.eigenvalues[i]),
                "share": float(results.eigenvalues[i] / results.eigenvalues.sum()),
                "vector": [float(part) for part in results.eigenvectors[:, i]],
            }
            for i in range(3)
        ],
        "original": picture(photograph, 128),
        "actual": results.train.classes[results.train.labels[0]],
        "shifted": [
            {"picture": picture(photograph + shift, 128), "shift": [round(level) for level in shift.tolist()]}
            for shift in shifts(results, train)
        ],
    }


def shifts(results: Results, train: Mapping[str, Any]) -> NDArray[np.floating]:
    """What the first step adds to R, G and B of its first images, in grey levels, `(DRAWS, 3)`."""
    directions = colour_directions(results.eigenvalues, results.eigenvectors, train["colour_shift"])
    return colour_factors(train["seed"], 0, DRAWS) @ directions.T


def swatch(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey plus and minus a direction of RGB, from left to right, `(32, 256, 3)` in 0–255."""
    amount = np.repeat(np.linspace(-110, 110, _SWATCH_STEPS), 256 // _SWATCH_STEPS)
    return np.broadcast_to(127.5 + amount[None, :, None] * direction, (32, 256, 3))
