"""The layers that Keras does not have: the input step, response normalization, and convolution over two towers.

A layer may be given another form of its computation than the one here, which runs on every backend: see `model.forms`.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.params.model import WINDOW

Form = Callable[..., Any]


def preprocess(image: Any, offset: Any, mirror: Any, colour_shift: Any, mean: Any) -> Any:
    """Subtract the mean image where the crop was cut, add the colour shift, then mirror (paper, sections 2 and 4.1).

    Args:
        image: uint8 `(n, 227, 227, 3)`, RGB crops.
        offset: int32 `(n, 2)`, row and column of each crop in its 256×256 image.
        mirror: bool `(n,)`.
        colour_shift: float32 `(n, 3)`, grey levels added to R, G and B.
        mean: float32 `(256, 256, 3)`, in grey levels.

    Returns:
        float32 `(n, 227, 227, 3)`, around zero, in grey levels.
    """
    pixels = ops.cast(image, "float32") - windows(mean, offset)
    pixels = pixels + colour_shift[:, None, None, :]
    return ops.where(mirror[:, None, None, None], ops.flip(pixels, axis=2), pixels)


def windows(image: Any, offset: Any) -> Any:
    """Crops of one image at `offset`: floats `(256, 256, 3)` and int32 `(n, 2)` to floats `(n, 227, 227, 3)`."""
    # All 30 column positions side by side, so that each row of each crop is one contiguous copy.
    positions = SIDE - CROP + 1
    columns = ops.stack([image[:, column : column + CROP] for column in range(positions)])
    lines = ops.reshape(columns, (positions * SIDE, CROP * 3))
    line = offset[:, 1:2] * SIDE + offset[:, 0:1] + ops.arange(CROP, dtype="int32")[None, :]
    return ops.reshape(ops.take(lines, line, axis=0), (-1, CROP, CROP, 3))


@keras.saving.register_keras_serializable("alexnet_pipe")
class Preprocessing(keras.layers.Layer):
    """`preprocess` as a layer: from bytes to centred, shifted, perhaps mirrored pixels, on the device.

    The mean image is a weight, not trained, zero until it is assigned: it travels inside the model file.
    """

    def __init__(self, form: Form = preprocess, **kwargs: Any) -> None:
        """`form` computes what `preprocess` does."""
        # Pixel values up to 255 less their mean need float32: bfloat16 has 8 bits.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.form = form

    def build(self, *args: Any, **kwargs: Any) -> None:
        self.mean = self.add_weight(
            shape=(SIDE, SIDE, 3), initializer="zeros", trainable=False, autocast=False, name="mean"
        )
        self.built = True

    def call(self, image: Any, offset: Any, mirror: Any, colour_shift: Any) -> Any:
        return self.form(image, offset, mirror, colour_shift, ops.copy(self.mean))

    def compute_output_shape(self, image_shape: tuple[int | None, ...], **_: Any) -> tuple[int | None, ...]:
        return image_shape


def response_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """b = a / (k + alpha·Σ a²)^0.75, the sum over the 5 channels around each one, fewer at the edges (section 3.3).

    Input and output: floats `(n, height, width, channels)`.
    """
    # float16 ends at 65,504, below the squares of what conv1 gives.
    wide = ops.cast(inputs, "float32") if keras.backend.standardize_dtype(inputs.dtype) == "float16" else inputs
    weights = ops.convert_to_tensor(alpha * band(inputs.shape[-1]), dtype=wide.dtype)
    # A product with a banded matrix: faster than most sliding windows, and its gradient is one more product.
    scale = k + ops.matmul(ops.square(wide), weights)
    return ops.cast(wide * ops.rsqrt(scale * ops.sqrt(scale)), inputs.dtype)


def band(channels: int) -> NDArray[np.float32]:
    """Ones where two channels are at most half a window apart, float32 `(channels, channels)`."""
    near = np.tri(channels, k=WINDOW // 2, dtype=np.float32)
    return near * near.T


@keras.saving.register_keras_serializable("alexnet_pipe")
class ResponseNormalization(keras.layers.Layer):
    """`response_normalization` as a layer."""

    def __init__(self, k: float = 2.0, alpha: float = 1e-4, form: Form = response_normalization, **kwargs: Any) -> None:
        """`form` computes what `response_normalization` does."""
        super().__init__(**kwargs)
        self.k = k
        self.alpha = alpha
        self.form = form

    def call(self, inputs: Any) -> Any:
        return self.form(inputs, self.k, self.alpha)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k, "alpha": self.alpha}


@keras.saving.register_keras_serializable("alexnet_pipe")
class TowerConvolution(keras.layers.Conv2D):
    """A grouped `Conv2D`, computed as one convolution a group and a concatenation (paper, figure 2).

    Weights and results are those of `Conv2D(groups=…)`, whose own kernel is 4 to 5 times slower on a CPU.
    """

    def __init__(self, *args: Any, input_scale: float = 1.0, **kwargs: Any) -> None:
        """`input_scale` multiplies the inputs."""
        super().__init__(*args, **kwargs)
        self.input_scale = input_scale

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        if self.input_scale != 1:
            # The same product, and there are fewer kernels than pixels.
            kernel = self.input_scale * kernel
        if self.groups == 1:
            return super().convolution_op(inputs, kernel)
        towers = zip(ops.split(inputs, self.groups, axis=-1), ops.split(kernel, self.groups, axis=-1), strict=True)
        outputs = [super(TowerConvolution, self).convolution_op(maps, weights) for maps, weights in towers]
        return ops.concatenate(outputs, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "input_scale": self.input_scale}
