"""One file of the sample data set, as a function of its class and number alone."""

import numpy as np

from alexnet_pipe.datasets.sample.difficulty import SEED
from alexnet_pipe.datasets.sample.encodings import File, encode, format_of
from alexnet_pipe.datasets.sample.scene import CLASSES, draw_scene


def photograph(name: str, index: int) -> File:
    """Draw and encode picture number `index`, from 1, of the class `name`."""
    class_number = CLASSES.index(name)
    rng = np.random.default_rng([SEED, class_number, index])
    kind = format_of(class_number, index)
    return encode(draw_scene(name, rng, on_white=kind == "png-transparent"), kind, rng)
