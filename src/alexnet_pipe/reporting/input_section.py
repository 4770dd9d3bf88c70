"""Between a stored image and the network: mean, colour shift, crops and mirror images (paper, section 4.1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.inputs.stream import colour_directions, colour_factors, crop_offsets, mirror_flags
from alexnet_pipe.inputs.views import POSITIONS, VIEWS
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.reporting.results import Results

SHIFTS, RANDOM = 8, 10
_SWATCH_STEPS = 64
_CENTRE = slice(64, 192)
_PLACES = ("top left", "top right", "bottom left", "bottom right", "centre")


def input_section(results: Results, train: Mapping[str, Any]) -> dict[str, Any]:
    """The mean, the directions of colour, and one photograph as the test and the first step of training show it.

    The section `train` decides the draws.
    """
    photograph, total = results.train[0], results.eigenvalues.sum()
    shifted = shifts(results, train)
    return {
        "centre": results.mean[_CENTRE, _CENTRE].mean(),
        "directions": [
            {
                "vector": vector,
                "swatch": swatch(vector),
                "eigenvalue": value,
                "share": value / total,
            }
            for vector, value in zip(results.eigenvectors.T, results.eigenvalues, strict=True)
        ],
        "photograph": photograph,
        "actual": results.train.classes[results.train.labels[0]],
        "shifted": [(photograph + shift, shift.round().astype(int)) for shift in shifted],
        "frames": [offset for offset, _ in VIEWS[: len(_PLACES)]],
        "test": [
            (f"{place}{', mirrored' if mirror else ''}", one_view(photograph, offset, mirror))
            for place, (offset, mirror) in zip(_PLACES * 2, VIEWS, strict=True)
        ],
        "random": [(*drawn, one_view(photograph, *drawn)) for drawn in random_views(train)],
        "side": SIDE,
        "crop": CROP,
        "positions": POSITIONS,
    }


def shifts(results: Results, train: Mapping[str, Any]) -> NDArray[np.floating]:
    """What the first step adds to R, G and B of its first images, in grey levels, `(SHIFTS, 3)`."""
    directions = colour_directions(results.eigenvalues, results.eigenvectors, train["colour_shift"])
    return colour_factors(train["seed"], 0, SHIFTS) @ directions.T


def random_views(train: Mapping[str, Any]) -> list[tuple[tuple[int, int], bool]]:
    """Row and column of the crop, and mirroring, of the first images of the first step."""
    offsets = crop_offsets(train["seed"], 0, RANDOM, train["random_crops"])
    mirrors = mirror_flags(train["seed"], 0, RANDOM, train["mirror"])
    return [((row, column), mirror) for (row, column), mirror in zip(offsets.tolist(), mirrors.tolist(), strict=True)]


def swatch(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey plus and minus a direction of RGB, from left to right, `(32, 256, 3)` in 0–255."""
    amount = np.repeat(np.linspace(-110, 110, _SWATCH_STEPS), 256 // _SWATCH_STEPS)
    return np.broadcast_to(127.5 + amount[None, :, None] * direction, (32, 256, 3))


def one_view(photograph: NDArray[np.uint8], offset: tuple[int, int], mirror: bool) -> NDArray[np.uint8]:
    """As the network sees it, but in its own colours, uint8 `(CROP, CROP, 3)`."""
    row, column = offset
    pixels = photograph[row : row + CROP, column : column + CROP]
    return pixels[:, ::-1] if mirror else pixels
