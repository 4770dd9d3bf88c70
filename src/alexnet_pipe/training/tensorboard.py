"""TensorBoard logs: curves, and histograms of all weights."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import keras

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.training.history import Epoch


def tensorboard_log(folder: Path) -> Callable[[Epoch, Classifier], None]:
    """What to call after each epoch; the logs are read by `tensorboard --logdir` on the folder above.

    Raises:
        UserError: if the backend is not TensorFlow, which writes the logs.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError("train.tensorboard needs the TensorFlow backend: set it to false, or KERAS_BACKEND=tensorflow")
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))

    def log(epoch: Epoch, model: Classifier) -> None:
        with writer.as_default(epoch.step):
            for name, value in asdict(epoch).items():
                tf.summary.scalar(name, value)
            for weight in model.network.weights:
                tf.summary.histogram(weight.path, weight.value)
        writer.flush()

    return log
