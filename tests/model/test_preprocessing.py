"""The input step subtracts the mean where the crop was cut, shifts colours, then mirrors."""

import numpy as np
import tensorflow as tf

from alexnet_pipe.model.preprocessing import Preprocessing, windows

CORNERS = np.array([[0, 0], [0, 29], [29, 0], [29, 29], [7, 21]], np.int32)


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
