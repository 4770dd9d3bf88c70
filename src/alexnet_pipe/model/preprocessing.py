"""The model's input step: from bytes to centred, shifted, perhaps mirrored pixels, on the device."""

from typing import Any

import keras
from keras import ops

STORED = 256
"""Height and width of the stored image and of the mean image, in pixels."""

CROP = 227
"""Height and width of the network's input, in pixels; the paper's text says 224, its arithmetic 227."""


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


@keras.saving.register_keras_serializable("alexnet_pipe")
class Preprocessing(keras.layers.Layer):
    """`preprocess` as a layer.

    The mean image is a weight, not trained, zero until it is assigned: it travels inside the model file.

    Attributes:
        form: The function that computes it; another backend may have a faster one.
    """

    form = staticmethod(preprocess)

    def __init__(self, **kwargs: Any) -> None:
        # Pixel values up to 255 less their mean need float32: bfloat16 has 8 bits.
        super().__init__(**{**kwargs, "dtype": "float32"})

    def build(self, *args: Any, **kwargs: Any) -> None:
        self.mean = self.add_weight(
            shape=(STORED, STORED, 3), initializer="zeros", trainable=False, autocast=False, name="mean"
        )
        self.built = True

    def call(self, image: Any, offset: Any, mirror: Any, colour_shift: Any) -> Any:
        return self.form(image, offset, mirror, colour_shift, ops.copy(self.mean))

    def compute_output_shape(self, image_shape: tuple[int | None, ...], **_: Any) -> tuple[int | None, ...]:
        return image_shape


def windows(image: Any, offset: Any) -> Any:
    """Crops of one image at `offset`: floats `(256, 256, 3)` and int32 `(n, 2)` to floats `(n, 227, 227, 3)`."""
    # All 30 column positions side by side, so that each row of each crop is one contiguous copy.
    positions = STORED - CROP + 1
    columns = ops.stack([image[:, column : column + CROP] for column in range(positions)])
    lines = ops.reshape(columns, (positions * STORED, CROP * 3))
    line = offset[:, 1:2] * STORED + offset[:, 0:1] + ops.arange(CROP, dtype="int32")[None, :]
    return ops.reshape(ops.take(lines, line, axis=0), (-1, CROP, CROP, 3))
