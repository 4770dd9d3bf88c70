"""Forms for TensorFlow on a processor: XLA fuses each of them into loops that read their arguments once."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from alexnet_pipe.model.layers import band
from alexnet_pipe.params.model import BETA, WINDOW


def fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, compiled as a whole."""
    return tf.function(function, jit_compile=True, autograph=False)


def summed_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """As `model.layers.response_normalization`, with an analytic gradient; float32 inside.

    With s = k + alpha·Σ a²: b = a·s^-0.75, and ∂L/∂a = g·s^-0.75 - 1.5·alpha·a·Σ g·a·s^-1.75. Once fused, the sum over
    five neighbours is cheaper than a product with a banded matrix, and the gradient makes s again rather than fetch it.
    """

    @tf.custom_gradient
    def normalized(a: Any) -> tuple[Any, Callable[[Any], Any]]:
        return _summed_forward(a, k, alpha), lambda upstream: _summed_backward(a, upstream, k, alpha)

    return normalized(inputs)


def banded_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """The same in bfloat16, for processors that multiply matrices of it in hardware (AMX); window sums are rounded.

    There the product with a banded matrix takes about as long as fetching its operands, and what is left can be fused
    into loops without neighbours, which is what XLA is slow at in bfloat16. ∂L/∂a = g·s^-0.75 - 1.5·alpha·a·Σ g·b / s.
    """

    @tf.custom_gradient
    def normalized(a: Any) -> tuple[Any, Callable[[Any], Any]]:
        squares = _banded_sum(_square(a))
        b = _banded_forward(a, squares, k, alpha)

        def gradient(upstream: Any) -> Any:
            shares = _banded_sum(_share(b, upstream, squares, k, alpha))
            return _banded_backward(a, upstream, squares, shares, k, alpha)

        return b, gradient

    return normalized(inputs)


@fused
def _summed_forward(a: Any, k: float, alpha: float) -> Any:
    return tf.cast(_wide(a) * _power(k + alpha * _sum(tf.square(_wide(a)))), a.dtype)


@fused
def _summed_backward(a: Any, upstream: Any, k: float, alpha: float) -> Any:
    wide, g = _wide(a), _wide(upstream)
    scale = k + alpha * _sum(tf.square(wide))
    power = _power(scale)
    return tf.cast(g * power - 2 * BETA * alpha * wide * _sum(g * wide * power / scale), a.dtype)


def _sum(values: Any) -> Any:
    channels = values.shape[-1]
    padded = tf.pad(values, [[0, 0], [0, 0], [0, 0], [WINDOW // 2, WINDOW // 2]])
    return tf.add_n([padded[..., start : start + channels] for start in range(WINDOW)])


@fused
def _square(a: Any) -> Any:
    return tf.square(a)


@fused
def _banded_forward(a: Any, squares: Any, k: float, alpha: float) -> Any:
    return tf.cast(_wide(a) * _power(k + alpha * _wide(squares)), a.dtype)


@fused
def _share(b: Any, upstream: Any, squares: Any, k: float, alpha: float) -> Any:
    return tf.cast(_wide(upstream) * _wide(b) / (k + alpha * _wide(squares)), b.dtype)


@fused
def _banded_backward(a: Any, upstream: Any, squares: Any, shares: Any, k: float, alpha: float) -> Any:
    direct = _wide(upstream) * _power(k + alpha * _wide(squares))
    return tf.cast(direct - 2 * BETA * alpha * _wide(a) * _wide(shares), a.dtype)


def _banded_sum(values: Any) -> Any:
    channels = values.shape[-1]
    rows = tf.reshape(values, [-1, channels])
    return tf.reshape(tf.matmul(rows, tf.constant(band(channels), values.dtype)), tf.shape(values))


def _wide(values: Any) -> Any:
    return tf.cast(values, tf.float32)


def _power(scale: Any) -> Any:
    """`scale` to the power of -0.75."""
    return tf.math.rsqrt(scale * tf.sqrt(scale))
