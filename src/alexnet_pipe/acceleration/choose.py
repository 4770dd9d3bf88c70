"""Which faster forms pay here."""

from collections.abc import Callable
from typing import Any

import keras

from alexnet_pipe.model.preprocessing import Preprocessing, preprocess
from alexnet_pipe.model.response_normalization import ResponseNormalization

Compiler = Callable[[Callable[..., Any]], Callable[..., Any]]


def accelerate() -> Compiler:
    """Have all models in this process use the faster forms, where they pay: TensorFlow without a GPU.

    The whole step would be slower if XLA compiled it, because its convolutions are; what only moves memory is faster.

    Returns:
        What compiles one more function that only moves memory; elsewhere it leaves functions as they are.
    """
    if keras.backend.backend() != "tensorflow" or keras.distribution.list_devices("gpu"):
        return lambda function: function
    import tensorflow as tf

    from alexnet_pipe.acceleration.response_normalization import response_normalization

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        return tf.function(function, jit_compile=True)

    ResponseNormalization.form = staticmethod(response_normalization)
    Preprocessing.form = staticmethod(compiled(preprocess))
    return compiled
