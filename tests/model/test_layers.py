"""Each layer equals plain NumPy, plain loops, or Keras' own, whatever it is computed by."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from alexnet_pipe.model.layers import Preprocessing, ResponseNormalization, TowerConvolution, windows

CORNERS = np.array([[0, 0], [0, 29], [29, 0], [29, 29], [7, 21]], np.int32)
BETA = 0.75


def layer_with_mean() -> tuple[Preprocessing, np.ndarray]:
    mean = np.random.default_rng(0).uniform(0, 255, (256, 256, 3)).astype(np.float32)
    layer = Preprocessing()
    layer.build()
    layer.mean.assign(mean)
    return layer, mean


def test_windows_are_the_crops_at_their_offsets() -> None:
    image = np.arange(256 * 256 * 3, dtype=np.float32).reshape(256, 256, 3)
    for crop, (row, column) in zip(np.asarray(windows(image, CORNERS)), CORNERS, strict=True):
        np.testing.assert_array_equal(crop, image[row : row + 227, column : column + 227])


def test_mean_shift_and_mirror_are_applied_in_that_order() -> None:
    layer, mean = layer_with_mean()
    generator = np.random.default_rng(1)
    stored = generator.integers(0, 256, (5, 256, 256, 3), dtype=np.uint8)
    crops = np.stack([s[r : r + 227, c : c + 227] for s, (r, c) in zip(stored, CORNERS, strict=True)])
    mirror = np.array([False, True, False, True, True])
    shift = generator.normal(0, 10, (5, 3)).astype(np.float32)

    expected = []
    for image, (row, column), flip, colour in zip(stored, CORNERS, mirror, shift, strict=True):
        centred = (image.astype(np.float64) - mean + colour)[row : row + 227, column : column + 227]
        expected.append(centred[:, ::-1] if flip else centred)

    eager = layer(crops, CORNERS, mirror, shift)
    np.testing.assert_allclose(eager, expected, atol=1e-3)
    compiled = tf.function(lambda *arguments: layer(*arguments))(crops, CORNERS, mirror, shift)
    np.testing.assert_allclose(compiled, expected, atol=1e-3)


def test_the_pixels_stay_float32_under_mixed_precision() -> None:
    layer = Preprocessing(dtype="mixed_bfloat16")
    pixels = layer(np.zeros((1, 227, 227, 3), np.uint8), CORNERS[:1], np.array([False]), np.zeros((1, 3), np.float32))
    assert pixels.dtype == tf.float32


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


@pytest.mark.parametrize("groups", [1, 2])
def test_it_equals_a_grouped_convolution_with_the_same_weights(groups: int) -> None:
    maps = np.random.default_rng(0).normal(size=(2, 9, 9, 8)).astype(np.float32)
    towers = TowerConvolution(6, 5, padding="same", groups=groups, bias_initializer="normal")
    grouped = keras.layers.Conv2D(6, 5, padding="same", groups=groups)
    towers.build(maps.shape)
    grouped.build(maps.shape)
    grouped.set_weights(towers.get_weights())
    np.testing.assert_allclose(towers(maps), grouped(maps), rtol=1e-5, atol=1e-5)


def test_a_tower_does_not_see_the_other() -> None:
    maps = np.random.default_rng(0).normal(size=(1, 5, 5, 4)).astype(np.float32)
    towers = TowerConvolution(2, 3, padding="same", groups=2)
    before = np.asarray(towers(maps))
    maps[..., 2:] += 1
    after = np.asarray(towers(maps))
    np.testing.assert_array_equal(before[..., 0], after[..., 0])
    assert not np.allclose(before[..., 1], after[..., 1])
