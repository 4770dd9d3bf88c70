"""What is exported: stored images in, probabilities out."""

import json
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.layers import CROP, STORED, band

IMAGES = tf.TensorSpec((None, STORED, STORED, 3), tf.uint8, name="images")
"""What an export takes: RGB, as many at a time as there are."""


def probabilities(model: Classifier, images: Any) -> dict[str, Any]:
    """`probabilities`: the softmax of the centre view, float32 `(n, classes)`, as TensorFlow's operations.

    Args:
        model: In float32, and in forms that are TensorFlow's operations.
        images: uint8 `(n, 256, 256, 3)`.
    """
    row, column = CENTRE
    crops = images[:, row : row + CROP, column : column + CROP]
    mean = model.mean.value[row : row + CROP, column : column + CROP]
    return {"probabilities": tf.nn.softmax(model.network(tf.cast(crops, tf.float32) - mean, training=False))}


def servable(model: Classifier) -> Any:
    """A `tf.Module` with the weights, and `probabilities` as its function `serve`."""
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    module.serve = tf.function(lambda images: probabilities(model, images), input_signature=[IMAGES])
    return module


def notes(model: Classifier) -> Mapping[str, str]:
    """What must travel with it, as JSON by name.

    `classes` is a list in the order of the probabilities; `resize` says how a photograph becomes 256×256 pixels.
    """
    return {"classes": json.dumps(model.classes), "resize": json.dumps(model.resize)}


def in_float32(model: Classifier, forms: Forms = PORTABLE) -> Classifier:
    """A copy that computes in float32 and in `forms`, whatever this process trains with."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        copy = Classifier(forms=forms, **model.get_config())
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(model.get_weights())
    return copy


def _response_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """As `model.layers.response_normalization`; the sum over the window is a 1×1 convolution.

    A product of four dimensions with two is taken apart into shapes that change, which tf2onnx sometimes gets wrong.
    """
    weights = tf.constant(alpha * band(inputs.shape[-1]))
    scale = k + tf.nn.conv2d(tf.square(inputs), weights[None, None], strides=1, padding="VALID")
    return inputs * tf.math.rsqrt(scale * tf.sqrt(scale))


CONVERTIBLE = Forms(normalize=_response_normalization)
"""What every runtime has operations for, and every converter gets right."""
