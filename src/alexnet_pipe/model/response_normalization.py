"""Local response normalization across channels (paper, section 3.3)."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

WINDOW = 5
BETA = 0.75


@keras.saving.register_keras_serializable("alexnet_pipe")
class ResponseNormalization(keras.layers.Layer):
    """b = a / (k + alpha·Σ a²)^0.75, the sum over the 5 channels around each one, fewer at the edges.

    Input and output: floats `(n, height, width, channels)`.
    """

    def __init__(self, k: float = 2.0, alpha: float = 1e-4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = k
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        band = ops.convert_to_tensor(self.alpha * _band(inputs.shape[-1]), dtype=self.compute_dtype)
        # A product with a banded matrix: on a CPU faster than any sliding window, and its gradient is one more product.
        scale = self.k + ops.matmul(ops.square(inputs), band)
        return inputs * ops.rsqrt(scale * ops.sqrt(scale))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k, "alpha": self.alpha}


def _band(channels: int) -> NDArray[np.float32]:
    """Ones where two channels are at most half a window apart, float32 `(channels, channels)`."""
    channel = np.arange(channels)
    near = np.abs(channel[:, None] - channel[None, :]) <= WINDOW // 2
    return near.astype(np.float32)
