"""Which images are looked at one by one, where all are too many."""

import numpy as np

EXAMPLES = 6
"""Test images of which more is found out than of the others."""


def spread(images: int, count: int) -> list[int]:
    """`count` different places in a store, evenly spread: it is ordered by class, so most classes are met."""
    return sorted({int(place) for place in np.linspace(0, images - 1, min(count, images))})
