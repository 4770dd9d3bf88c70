"""A classifier as SavedModel and TensorFlow Lite have it, and what each file says of images."""

import json
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.portable.stored_model import notes_of

_IMAGES = tf.TensorSpec((None, SIDE, SIDE, 3), tf.uint8, name="images")
"""What an export takes: RGB, as many at a time as there are."""


def probabilities(model: Classifier, images: Any) -> dict[str, Any]:
    """`probabilities`: of the centre view with its temperature, float32 `(n, classes)`, as TensorFlow's operations.

    The model is in float32, and in forms that are TensorFlow's operations; images are uint8 `(n, 256, 256, 3)`.
    """
    row, column = CENTRE
    crops = images[:, row : row + CROP, column : column + CROP]
    mean = model.mean.value[row : row + CROP, column : column + CROP]
    logits = model.network(tf.cast(crops, tf.float32) - mean, training=False)
    return {"probabilities": tf.nn.softmax(logits / model.temperature)}


def _servable(model: Classifier) -> Any:
    """A `tf.Module` with the weights, and `probabilities` as its function `serve`."""
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    module.serve = tf.function(lambda images: probabilities(model, images), input_signature=[_IMAGES])
    return module


def notes(model: Classifier) -> Mapping[str, str]:
    """What must travel with it, as JSON by name: the fields of `portable.description.Notes`."""
    return {name: json.dumps(value) for name, value in notes_of(as_stored(model)).model_dump().items()}


def in_float32(model: Classifier) -> Classifier:
    """A copy that computes in float32 and in Keras' operations, whatever this process trains with."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return model.untrained_copy()
    finally:
        keras.config.set_dtype_policy(policy)


def save_saved_model(model: Classifier, path: Path) -> None:
    """A folder, TensorFlow's SavedModel.

    Class names and preparation are JSON files in `assets.extra`, which TensorFlow keeps for others.
    """
    module = _servable(model)
    tf.saved_model.save(module, str(path), signatures=module.serve)
    # It holds a random number, and no reader needs it.
    (path / "fingerprint.pb").unlink(missing_ok=True)
    extra = path / "assets.extra"
    extra.mkdir()
    for name, text in notes(model).items():
        (extra / f"{name}.json").write_text(text)


def run_saved_model(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a SavedModel says of `images`."""
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    shares: NDArray[np.float32] = served(images=tf.constant(images))["probabilities"].numpy()
    return shares


def save_tflite(model: Classifier, path: Path) -> None:
    """TensorFlow Lite, which is LiteRT today: one file of built-in operations.

    Class names and preparation are JSON files in a zip archive that follows the network: TensorFlow Lite's form of
    associated files. Its readers pass over them, and zip's find them.
    """
    module = _servable(model)
    function = module.serve.get_concrete_function()
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], module).convert())
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in notes(model).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.json"), text)


def run_tflite(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a file of TensorFlow Lite says of `images`."""
    with warnings.catch_warnings():
        # It names a package that is to take its place; the one that comes with TensorFlow reads the same files.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(str(path))
    shares: NDArray[np.float32] = interpreter.get_signature_runner()(images=images)["probabilities"]
    return shares
