"""Which faster forms pay here."""

from collections.abc import Callable
from pathlib import Path
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

    from alexnet_pipe.acceleration.banded_normalization import banded_normalization
    from alexnet_pipe.acceleration.response_normalization import response_normalization

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        return tf.function(function, jit_compile=True)

    def normalization(inputs: Any, k: float, alpha: float) -> Any:
        form = banded_normalization if inputs.dtype == tf.bfloat16 and multiplies_bfloat16() else response_normalization
        return form(inputs, k, alpha)

    ResponseNormalization.form = staticmethod(normalization)
    Preprocessing.form = staticmethod(compiled(preprocess))
    return compiled


def multiplies_bfloat16() -> bool:
    """Whether the processor has hardware for matrices of bfloat16 (AMX)."""
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "amx_bf16" in flags.read_text()
