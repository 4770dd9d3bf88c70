"""The crops of a stored image: any one, the centre, and the ten views of the test (paper, section 4.1).

What is said of them becomes probabilities that can be believed by a temperature (Guo et al. 2017).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.paper import CROP, SIDE

POSITIONS = SIDE - CROP + 1
"""Crops fit into 256 pixels at offsets 0 to 29."""

CENTRE = (14, 14)
CORNERS = ((0, 0), (0, POSITIONS - 1), (POSITIONS - 1, 0), (POSITIONS - 1, POSITIONS - 1))
View = tuple[tuple[int, int], bool]
"""Offset, row and column, and whether it is mirrored."""

VIEWS: tuple[View, ...] = tuple((offset, mirror) for mirror in (False, True) for offset in (*CORNERS, CENTRE))
"""The ten views: corners and centre, then their mirror images."""

CENTRE_VIEW = VIEWS.index((CENTRE, False))

Inputs = dict[str, NDArray[np.generic]]


def crops(images: NDArray[np.uint8], rows: Sequence[tuple[int, View]]) -> Inputs:
    """Views of images, uint8 `(n, 256, 256, 3)`, without colour shift, as the model takes them; the model mirrors.

    A row is a place in `images`, and which view of it.
    """
    pixels = np.empty((len(rows), CROP, CROP, 3), np.uint8)
    for row, (image, ((top, left), _)) in enumerate(rows):
        pixels[row] = images[image, top : top + CROP, left : left + CROP]
    return {
        "image": pixels,
        "offset": np.array([offset for _, (offset, _) in rows], np.int32),
        "mirror": np.array([mirror for _, (_, mirror) in rows]),
        "colour_shift": np.zeros((len(rows), 3), np.float32),
    }


def view(images: NDArray[np.uint8], offset: tuple[int, int], mirror: bool) -> Inputs:
    """The same view of every image: `crops` at one `offset`, row and column."""
    return crops(images, [(image, (offset, mirror)) for image in range(len(images))])


def tempered(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.floating]:
    """Probabilities, `(n, classes)`, whose logarithms are divided by `temperature`, float64; as they are if it is 1.

    Of one view it is the softmax of its logits divided by the temperature (Guo et al. 2017). Of the mean of several
    views it comes after the mean, so that the order of the classes stays, as that of one view does. Between the bounds
    of `portable.description.TEMPERATURES` no two float32 become equal.
    """
    if temperature == 1:
        return probabilities
    with np.errstate(divide="ignore"):  # What is 0 stays 0.
        logarithms = np.log(probabilities, dtype=np.float64) / temperature
    powers = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    shares: NDArray[np.floating] = powers / powers.sum(axis=1, keepdims=True)
    return shares
