"""In which form a model computes: asked when it is made. A form is no part of the model, and is in no file of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras

from alexnet_pipe.model.layers import Form, preprocess, response_normalization


def as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, left to the backend's own operations."""
    return function


@dataclass(frozen=True)
class Forms:
    """Functions that compute the same, but for rounding, whichever backend or processor they are for.

    Attributes:
        preprocess: What `model.layers.preprocess` does.
        normalize: What `model.layers.response_normalization` does.
        fused: Makes one operation of a function that only moves memory.
    """

    preprocess: Form = preprocess
    normalize: Form = response_normalization
    fused: Callable[[Callable[..., Any]], Callable[..., Any]] = as_it_is


PORTABLE = Forms()
"""Keras' operations: every backend has them, and nothing has to be compiled first."""


def fastest_forms() -> Forms:
    """The forms that are fastest, once compiled, on this backend and processor, under Keras' policy of now.

    Compiled ones pay on TensorFlow without a GPU. A whole step would be slower if XLA compiled it, because its
    convolutions are; what only moves memory is faster.
    """
    if keras.backend.backend() != "tensorflow" or keras.distribution.list_devices("gpu"):
        return PORTABLE
    return _compiled_forms(keras.config.dtype_policy().compute_dtype)


@cache
def _compiled_forms(dtype: str) -> Forms:
    from alexnet_pipe.model import tensorflow_forms as compiled

    banded = dtype == "bfloat16" and _multiplies_bfloat16()
    return Forms(
        preprocess=compiled.fused(preprocess),
        normalize=compiled.banded_normalization if banded else compiled.summed_normalization,
        fused=compiled.fused,
    )


def _multiplies_bfloat16() -> bool:
    """Whether the processor has hardware for matrices of bfloat16 (AMX)."""
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "amx_bf16" in flags.read_text()
