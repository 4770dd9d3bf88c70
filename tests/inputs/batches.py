"""Small training batches."""

import numpy as np

from alexnet_pipe.inputs.stream import Batch, TrainingStream
from alexnet_pipe.params.train import TrainParams
from tests.stores import random_store


def random_batch(images: int, classes: int = 2) -> Batch:
    """Random pixels, cropped, mirrored and shifted in colour."""
    return TrainingStream(random_store(images, classes), np.eye(3) * 5, TrainParams(seed=7, batch_size=images)).batch(0)
