"""Small training batches."""

from typing import Any

import numpy as np

from alexnet_pipe.inputs.stream import Batch, TrainingStream
from alexnet_pipe.params.train import TrainParams
from tests.stores import random_store


def random_batch(images: int, classes: int = 2, step: int = 0, **train: Any) -> Batch:
    """Random pixels, cropped, mirrored and shifted in colour, and what `train` asks for."""
    chosen = TrainParams(seed=7, batch_size=images, **train)
    return TrainingStream(random_store(images, classes), np.eye(3) * 5, chosen).batch(step)
