"""TensorFlow's SavedModel."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from alexnet_pipe.exporting.deployment import notes, servable
from alexnet_pipe.model.classifier import Classifier


def save(model: Classifier, path: Path) -> None:
    """A folder; class names and preparation are JSON files in `assets.extra`, which TensorFlow keeps for others."""
    module = servable(model)
    tf.saved_model.save(module, str(path), signatures=module.serve)
    # It holds a random number, and no reader needs it.
    (path / "fingerprint.pb").unlink(missing_ok=True)
    extra = path / "assets.extra"
    extra.mkdir()
    for name, text in notes(model).items():
        (extra / f"{name}.json").write_text(text)


def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the folder says of `images`."""
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    probabilities: NDArray[np.float32] = served(images=tf.constant(images))["probabilities"].numpy()
    return probabilities
