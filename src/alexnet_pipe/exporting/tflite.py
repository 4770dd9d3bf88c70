"""TensorFlow Lite, which is LiteRT today."""

import warnings
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from alexnet_pipe.exporting.deployment import notes, servable
from alexnet_pipe.model.classifier import Classifier


def save(model: Classifier, path: Path) -> None:
    """One file of built-in operations.

    Class names and preparation are JSON files in a zip archive that follows the network: TensorFlow Lite's form of
    associated files. Its readers pass over them, and zip's find them.
    """
    module = servable(model)
    function = module.serve.get_concrete_function()
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], module).convert())
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in notes(model).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.json"), text)


def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the file says of `images`."""
    with warnings.catch_warnings():
        # It names a package that is to take its place; the one that comes with TensorFlow reads the same files.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(str(path))
    probabilities: NDArray[np.float32] = interpreter.get_signature_runner()(images=images)["probabilities"]
    return probabilities
