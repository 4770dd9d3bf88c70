"""Small training batches."""

import numpy as np

from alexnet_pipe.inputs.stream import Batch, TrainingStream
from tests.stores import random_store


def random_batch(images: int, classes: int = 2) -> Batch:
    """Random pixels, cropped, mirrored and shifted in colour."""
    return TrainingStream(random_store(images, classes), 7, images, np.eye(3) * 5).batch(0)
