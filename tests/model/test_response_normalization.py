"""Response normalization equals the paper's formula, written as plain loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_pipe.model.response_normalization import ResponseNormalization

BETA = 0.75


def window(channel: int, channels: int) -> range:
    return range(max(0, channel - 2), min(channels - 1, channel + 2) + 1)


def by_loops(a: np.ndarray, k: float, alpha: float) -> np.ndarray:
    b = np.empty_like(a)
    for place in np.ndindex(a.shape[:-1]):
        for i in range(a.shape[-1]):
            total = sum(a[place][j] ** 2 for j in window(i, a.shape[-1]))
            b[place][i] = a[place][i] / (k + alpha * total) ** BETA
    return b


def gradient_by_loops(a: np.ndarray, upstream: np.ndarray, k: float, alpha: float) -> np.ndarray:
    """d(Σ upstream·b)/da, from the derivative of the formula."""
    gradient = np.zeros_like(a)
    for place in np.ndindex(a.shape[:-1]):
        values, weights = a[place], upstream[place]
        for i in range(len(values)):
            scale = k + alpha * sum(values[j] ** 2 for j in window(i, len(values)))
            gradient[place][i] += weights[i] * scale**-BETA
            for j in window(i, len(values)):
                inner = -BETA * scale ** (-BETA - 1) * 2 * alpha * values[j]
                gradient[place][j] += weights[i] * values[i] * inner
    return gradient


@pytest.mark.parametrize(("k", "alpha"), [(2.0, 1e-4), (1.0, 2e-5), (1.0, 0.5)])
@pytest.mark.parametrize("channels", [3, 5, 12])
def test_forward_and_gradient_equal_plain_loops(k: float, alpha: float, channels: int) -> None:
    generator = np.random.default_rng(0)
    a = generator.normal(0, 20, (2, 2, 3, channels))
    upstream = generator.normal(0, 1, a.shape)
    layer = ResponseNormalization(k, alpha)
    inputs = tf.constant(a, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
    gradient = tape.gradient(outputs, inputs, tf.constant(upstream, tf.float32))
    np.testing.assert_allclose(outputs, by_loops(a, k, alpha), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient, gradient_by_loops(a, upstream, k, alpha), rtol=1e-4, atol=1e-5)


def test_bfloat16_stays_close_to_float32() -> None:
    a = np.random.default_rng(0).normal(0, 20, (1, 4, 4, 96)).astype(np.float32)
    exact = np.asarray(ResponseNormalization()(a))
    coarse = keras.ops.convert_to_numpy(keras.ops.cast(ResponseNormalization(dtype="mixed_bfloat16")(a), "float32"))
    np.testing.assert_allclose(coarse, exact, rtol=2e-2, atol=2e-2)
