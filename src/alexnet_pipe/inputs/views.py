"""The crops of a stored image: any one, the centre, and the ten views of the test (paper, section 4.1)."""

import numpy as np
from numpy.typing import NDArray

CROP = 227
POSITIONS = 256 - CROP + 1
"""Crops fit into 256 pixels at offsets 0 to 29."""

CENTRE = (14, 14)
CORNERS = ((0, 0), (0, POSITIONS - 1), (POSITIONS - 1, 0), (POSITIONS - 1, POSITIONS - 1))
VIEWS = tuple((offset, mirror) for mirror in (False, True) for offset in (*CORNERS, CENTRE))
"""Offset and mirroring of each of the ten views: corners and centre, then their mirror images."""

CENTRE_VIEW = VIEWS.index((CENTRE, False))

Inputs = dict[str, NDArray[np.generic]]


def view(images: NDArray[np.uint8], offset: tuple[int, int], mirror: bool) -> Inputs:
    """The same view of every image, without colour shift, as the model takes it.

    Args:
        images: uint8 `(n, 256, 256, 3)`.
        offset: Row and column of the crop.
        mirror: Whether the model is to mirror it.
    """
    row, column = offset
    n = len(images)
    return {
        "image": np.ascontiguousarray(images[:, row : row + CROP, column : column + CROP]),
        "offset": np.tile(np.array(offset, np.int32), (n, 1)),
        "mirror": np.full(n, mirror),
        "colour_shift": np.zeros((n, 3), np.float32),
    }
