"""The crops and mirror images of one photograph that training and test show to the network (paper, section 4.1)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.inputs.draws import crop_offsets, mirror_flags
from alexnet_pipe.inputs.views import CROP, POSITIONS, VIEWS
from alexnet_pipe.reporting.pictures import picture
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.store.layout import SIDE

RANDOM = 10
_SMALL = 112
_PLACES = ("top left", "top right", "bottom left", "bottom right", "centre")


def view_section(results: Results, seed: int) -> dict[str, Any]:
    """The frames of the test's crops, its ten views, and the views of `RANDOM` images of the first step, all of one."""
    photograph = results.train[0]
    names = [f"{place}{mirrored}" for mirrored in ("", ", mirrored") for place in _PLACES]
    offsets, mirrors = crop_offsets(seed, 0, RANDOM), mirror_flags(seed, 0, RANDOM)
    return {
        "photograph": picture(photograph),
        "side": SIDE,
        "crop": CROP,
        "positions": POSITIONS,
        "count": POSITIONS**2 * 2,
        "frames": [
            {"name": name, "row": offset[0], "column": offset[1]}
            for name, (offset, _) in zip(_PLACES, VIEWS, strict=False)
        ],
        "test": [
            {"name": name, "picture": crop(photograph, offset, mirror)}
            for name, (offset, mirror) in zip(names, VIEWS, strict=True)
        ],
        "random": [
            {"row": row, "column": column, "mirror": mirror, "picture": crop(photograph, (row, column), mirror)}
            for (row, column), mirror in zip(offsets.tolist(), mirrors.tolist(), strict=True)
        ],
    }


def crop(photograph: NDArray[np.uint8], offset: tuple[int, int], mirror: bool) -> str:
    """One view as the network sees it, but smaller and in its own colours, as an address."""
    row, column = offset
    pixels = photograph[row : row + CROP, column : column + CROP]
    return picture(pixels[:, ::-1] if mirror else pixels, _SMALL)
