"""Which test images are looked at one by one."""

import numpy as np

NUMBER = 6


def examples(images: int) -> list[int]:
    """Places in the store, evenly spread: it is ordered by class, so most classes are met."""
    return sorted({int(place) for place in np.linspace(0, images - 1, min(NUMBER, images))})
