"""Response normalization for TensorFlow on a processor: one pass forward, one back."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from alexnet_pipe.model.response_normalization import BETA, WINDOW

# XLA fuses each of these functions into loops that read their arguments once. The sum over five neighbours is then
# cheaper than the product with a banded matrix, and the gradient makes `scale` again rather than fetch it from memory.


def response_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """As `model.response_normalization.response_normalization`, with an analytic gradient; float32 inside.

    With s = k + alpha·Σ a²: b = a·s^-0.75, and ∂L/∂a = g·s^-0.75 - 1.5·alpha·a·Σ g·a·s^-1.75.
    """

    @tf.custom_gradient
    def normalized(a: Any) -> tuple[Any, Callable[[Any], Any]]:
        return _forward(a, k, alpha), lambda upstream: _backward(a, upstream, k, alpha)

    return normalized(inputs)


@tf.function(jit_compile=True)
def _forward(a: Any, k: float, alpha: float) -> Any:
    wide = tf.cast(a, tf.float32)
    return tf.cast(wide * _power(_scale(wide, k, alpha)), a.dtype)


@tf.function(jit_compile=True)
def _backward(a: Any, upstream: Any, k: float, alpha: float) -> Any:
    wide, g = tf.cast(a, tf.float32), tf.cast(upstream, tf.float32)
    scale = _scale(wide, k, alpha)
    power = _power(scale)
    return tf.cast(g * power - 2 * BETA * alpha * wide * _window_sum(g * wide * power / scale), a.dtype)


def _scale(a: Any, k: float, alpha: float) -> Any:
    return k + alpha * _window_sum(tf.square(a))


def _power(scale: Any) -> Any:
    """`scale` to the power of -0.75."""
    return tf.math.rsqrt(scale * tf.sqrt(scale))


def _window_sum(values: Any) -> Any:
    channels = values.shape[-1]
    padded = tf.pad(values, [[0, 0], [0, 0], [0, 0], [WINDOW // 2, WINDOW // 2]])
    return tf.add_n([padded[..., start : start + channels] for start in range(WINDOW)])
