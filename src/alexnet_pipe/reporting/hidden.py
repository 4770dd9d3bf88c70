"""Where the network looks: maps of what hiding a part of an image does to the probability of its class."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from alexnet_pipe.evaluation.occlusion import PATCH, PLACES, STEP
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.reporting.pictures import picture
from alexnet_pipe.reporting.results import Results

COVERED = (PLACES - 1) * STEP + PATCH
"""Height and width of what is hidden at one time or another, in pixels."""

LEAST = 0.01
"""The greatest loss of a map that shows nothing but that there is none."""

# Its lightness falls evenly: it reads the same to the colour-blind and in print.
_COLOURS = colormaps["viridis"]
_SMALL = 176
_GREY = np.array([0.299, 0.587, 0.114])


def occlusion_rows(results: Results) -> list[dict[str, Any]]:
    """Some test images, each with its map: yellow where hiding costs the class most of its probability."""
    (top, left), names = CENTRE, results.test.classes
    rows = []
    for image, label, hidden in results.occlusion[["image", "label", "probability"]].itertuples(index=False):
        pixels = results.test[image][top : top + COVERED, left : left + COVERED]
        before = float(results.predictions["label_probability"].iloc[image])
        loss = before - mean_when_hidden(hidden)
        rows.append(
            {
                "picture": picture(pixels, _SMALL),
                "map": picture(heat(pixels, loss), _SMALL),
                "actual": names[label],
                "before": before,
                "lowest": float(np.min(hidden)),
                "loss": before - float(np.min(hidden)) >= LEAST,
                "where": place_in_words(int(np.argmin(hidden))),
            }
        )
    return rows


def mean_when_hidden(probability: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each pixel the mean probability over the places of the square that hide it, `(COVERED, COVERED)`.

    Args:
        probability: `PLACES`² values, row by row.
    """
    sums, counts = np.zeros((COVERED, COVERED)), np.zeros((COVERED, COVERED))
    for number, value in enumerate(probability):
        top, left = (STEP * place for place in divmod(number, PLACES))
        sums[top : top + PATCH, left : left + PATCH] += value
        counts[top : top + PATCH, left : left + PATCH] += 1
    return sums / counts


def heat(pixels: NDArray[np.uint8], loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """RGB in 0–255: the picture in grey under the map, which is stronger where more is lost."""
    share = np.clip(loss / max(LEAST, float(loss.max())), 0, 1)
    grey = (pixels @ _GREY)[..., None]
    weight = 0.3 + 0.45 * share[..., None]
    return (1 - weight) * grey + weight * 255 * np.asarray(_COLOURS(share))[..., :3]


def scale() -> str:
    """The map's colours from no loss to the greatest, as an address."""
    return picture(255 * np.asarray(_COLOURS(np.linspace(0, 1, 256)))[None, :, :3].repeat(16, axis=0))


def place_in_words(number: int) -> str:
    """Where the square with this number lies, in thirds of the picture."""
    row, column = (3 * place // PLACES for place in divmod(number, PLACES))
    words = ("at the top", "in the middle", "at the bottom")[row], ("left", "", "right")[column]
    return " ".join(filter(None, words))
