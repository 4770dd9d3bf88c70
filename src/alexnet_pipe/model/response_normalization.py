"""Local response normalization across channels (paper, section 3.3)."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

WINDOW = 5
BETA = 0.75


def response_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """b = a / (k + alpha·Σ a²)^0.75, the sum over the 5 channels around each one, fewer at the edges.

    Input and output: floats `(n, height, width, channels)`.
    """
    # float16 ends at 65,504, below the squares of what conv1 gives.
    wide = ops.cast(inputs, "float32") if keras.backend.standardize_dtype(inputs.dtype) == "float16" else inputs
    weights = ops.convert_to_tensor(alpha * band(inputs.shape[-1]), dtype=wide.dtype)
    # A product with a banded matrix: faster than most sliding windows, and its gradient is one more product.
    scale = k + ops.matmul(ops.square(wide), weights)
    return ops.cast(wide * ops.rsqrt(scale * ops.sqrt(scale)), inputs.dtype)


@keras.saving.register_keras_serializable("alexnet_pipe")
class ResponseNormalization(keras.layers.Layer):
    """`response_normalization` as a layer.

    Attributes:
        form: The function that computes it; another backend may have a faster one.
    """

    form = staticmethod(response_normalization)

    def __init__(self, k: float = 2.0, alpha: float = 1e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = k
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return self.form(inputs, self.k, self.alpha)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k, "alpha": self.alpha}


def band(channels: int) -> NDArray[np.float32]:
    """Ones where two channels are at most half a window apart, float32 `(channels, channels)`."""
    channel = np.arange(channels)
    near = np.abs(channel[:, None] - channel[None, :]) <= WINDOW // 2
    return near.astype(np.float32)
