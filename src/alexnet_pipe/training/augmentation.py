"""What changes a batch on the device before the network sees it: boxes resampled, images mixed."""

from typing import Any

import keras
from keras import ops

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import Forms
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.params.train import TrainParams


def training_model(classifier: Classifier, train: TrainParams) -> keras.Model:
    """What takes the batches of `TrainingStream`: `classifier` itself, or its network behind what `train` adds."""
    if train.crop_area is None and not train.mixup:
        return classifier
    inputs = dict(classifier.input)
    if train.crop_area is not None:
        del inputs["offset"]
        inputs["image"] = keras.Input((SIDE, SIDE, 3), dtype="uint8", name="image")
        inputs["box"] = keras.Input((4,), dtype="float32", name="box")
    if train.mixup:
        inputs["share"] = keras.Input((), dtype="float32", name="share")
    augmentation = Augmentation(classifier.get_layer("preprocessing"), classifier.forms, name="augmentation")
    return keras.Model(inputs, classifier.network(augmentation(**inputs)), name="training")


class Augmentation(keras.layers.Layer):
    """From a batch of `TrainingStream` to the network's pixels, float32 `(n, 227, 227, 3)`."""

    def __init__(self, preprocessing: Any, forms: Forms, **kwargs: Any) -> None:
        """`preprocessing` holds the mean image, and does what is published."""
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.preprocessing = preprocessing
        # Each by itself: in one operation, XLA would compute a row again for every column that reads it.
        self._rows, self._columns = forms.fused(resampled_rows), forms.fused(resampled_columns)
        self._mixed = forms.fused(mix)

    def call(
        self, image: Any, mirror: Any, colour_shift: Any, offset: Any = None, box: Any = None, share: Any = None
    ) -> Any:
        if box is None:
            pixels = self.preprocessing(image, offset, mirror, colour_shift)
        else:
            pixels = self._of_boxes(image, box, mirror) + colour_shift[:, None, None, :]
        return pixels if share is None else self._mixed(pixels, share)

    def _of_boxes(self, image: Any, box: Any, mirror: Any) -> Any:
        row, below = places(box[:, 0], box[:, 2])
        column, right = places(box[:, 1], box[:, 3])
        turned = mirror[:, None]
        column, right = (ops.where(turned, ops.flip(each, axis=1), each) for each in (column, right))
        # Whole rows are copied as bytes, before anything is computed with them.
        lines = ops.reshape(image, (-1, SIDE * 3))
        first = ops.arange(ops.shape(image)[0], dtype="int32")[:, None] * SIDE + row
        upper, lower = ops.take(lines, first, axis=0), ops.take(lines, first + 1, axis=0)
        rows = self._rows(upper, lower, row, below, ops.copy(self.preprocessing.mean))
        return self._columns(rows, column, right)

    def compute_output_shape(self, image_shape: tuple[int | None, ...], **_: Any) -> tuple[int | None, ...]:
        return (image_shape[0], CROP, CROP, 3)


def places(start: Any, length: Any) -> tuple[Any, Any]:
    """Where the 227 lines of a crop lie among the 256 of an image, if it is `length` long and begins at `start`.

    Lines lie in the middle of their pixels; beyond the image's first and last line there is nothing but these.

    Args:
        start: float32 `(n,)`, in pixels, as `length`.

    Returns:
        The line before each, int32 `(n, 227)`, 0 to 254; and how far it is on the way to the next, float32, 0 to 1.
    """
    middles = ops.arange(CROP, dtype="float32") + 0.5
    exact = ops.clip(start[:, None] + middles * (length[:, None] / CROP) - 0.5, 0, SIDE - 1)
    before = ops.minimum(ops.floor(exact), SIDE - 2)
    return ops.cast(before, "int32"), exact - before


def resampled_rows(upper: Any, lower: Any, row: Any, below: Any, mean: Any) -> Any:
    """Between two rows of each image less the mean: uint8 `(n, 227, 768)`, `places`, and float32 `(256, 256, 3)`."""
    means = ops.reshape(mean, (SIDE, SIDE * 3))
    upper = ops.cast(upper, "float32") - ops.take(means, row, axis=0)
    lower = ops.cast(lower, "float32") - ops.take(means, row + 1, axis=0)
    return upper + below[:, :, None] * (lower - upper)


def resampled_columns(rows: Any, column: Any, right: Any) -> Any:
    """Between two columns: float32 `(n, 227, 768)` and `places` to float32 `(n, 227, 227, 3)`."""
    pixels = ops.reshape(rows, (-1, 3))
    lines = ops.reshape(ops.arange(ops.shape(rows)[0] * CROP, dtype="int32"), (-1, CROP, 1))
    place = lines * SIDE + column[:, None, :]
    left, next_one = ops.take(pixels, place, axis=0), ops.take(pixels, place + 1, axis=0)
    return left + right[:, None, :, None] * (next_one - left)


def mix(pixels: Any, share: Any) -> Any:
    """Each image with a share of the one at its place from the batch's end: floats `(n, 227, 227, 3)` and `(n,)`."""
    return pixels + share[:, None, None, None] * (ops.flip(pixels, axis=0) - pixels)
