"""Response normalization in bfloat16 for processors that multiply matrices of it in hardware (AMX).

There the product with a banded matrix takes about as long as fetching its operands, and what is left can be fused into
loops without neighbours, which is what XLA is slow at in bfloat16.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from alexnet_pipe.model.response_normalization import BETA, band


def banded_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """As `acceleration.response_normalization.response_normalization`; window sums are rounded to bfloat16.

    With s = k + alpha·Σ a²: b = a·s^-0.75, and ∂L/∂a = g·s^-0.75 - 1.5·alpha·a·Σ g·b / s.
    """

    @tf.custom_gradient
    def normalized(a: Any) -> tuple[Any, Callable[[Any], Any]]:
        squares = _window_sum(_square(a))
        b = _forward(a, squares, k, alpha)

        def gradient(upstream: Any) -> Any:
            shares = _window_sum(_share(b, upstream, squares, k, alpha))
            return _backward(a, upstream, squares, shares, k, alpha)

        return b, gradient

    return normalized(inputs)


def _window_sum(values: Any) -> Any:
    channels = values.shape[-1]
    rows = tf.reshape(values, [-1, channels])
    return tf.reshape(tf.matmul(rows, tf.constant(band(channels), values.dtype)), tf.shape(values))


@tf.function(jit_compile=True)
def _square(a: Any) -> Any:
    return tf.square(a)


@tf.function(jit_compile=True)
def _forward(a: Any, squares: Any, k: float, alpha: float) -> Any:
    return tf.cast(_wide(a) * _power(_scale(squares, k, alpha)), a.dtype)


@tf.function(jit_compile=True)
def _share(b: Any, upstream: Any, squares: Any, k: float, alpha: float) -> Any:
    return tf.cast(_wide(upstream) * _wide(b) / _scale(squares, k, alpha), b.dtype)


@tf.function(jit_compile=True)
def _backward(a: Any, upstream: Any, squares: Any, shares: Any, k: float, alpha: float) -> Any:
    direct = _wide(upstream) * _power(_scale(squares, k, alpha))
    return tf.cast(direct - 2 * BETA * alpha * _wide(a) * _wide(shares), a.dtype)


def _wide(values: Any) -> Any:
    return tf.cast(values, tf.float32)


def _scale(squares: Any, k: float, alpha: float) -> Any:
    return k + alpha * _wide(squares)


def _power(scale: Any) -> Any:
    """`scale` to the power of -0.75."""
    return tf.math.rsqrt(scale * tf.sqrt(scale))
