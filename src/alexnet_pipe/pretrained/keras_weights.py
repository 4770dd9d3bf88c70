"""Keras' `.weights.h5`: numbers and nothing about them, so that a model's file must say what they are."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.foreign_files import START, stranger
from alexnet_pipe.portable.stored_model import Arrays, Stored, read_model, read_stored
from alexnet_pipe.portable.stored_weights import (
    MEAN,
    OVERHEAD,
    Places,
    expected_weights,
    holds,
    open_weights,
    sound_numbers,
    weight_bytes,
)

_SIGN = b"\x89HDF\r\n\x1a\n"
_WHOLE, _NETWORK = "layers/alex_net/layers/", "layers/"
"""Before the layers in a file of a `Classifier`, and in one of the network alone, which has no mean image."""
_OURS, _KERAS = "tower_convolution", "conv2d"


def weights_like(path: Path, model: Path) -> Stored:
    """The weights in `path` for the variant, width, classes, mean image and preparation of `model`, a `.keras` file.

    `path` is what `save_weights` makes of a `Classifier`, whose mean image it then has; of an `AlexNet`; or of a
    network of Keras' own layers in AlexNet's order. No temperature is taken over: it was fitted for other weights.

    Raises:
        UserError: if one of the files is missing, damaged or of another kind, or the weights do not fit.
    """
    like = read_stored(model)
    description = like.description.model_copy(update={"temperature": 1.0, "temperature_ten_view": 1.0})
    places = expected_weights(description)
    fits = f"{model} ({description.variant}, width {description.width:g}, {len(description.classes):,} classes)"
    return Stored(description, {MEAN: like.arrays[MEAN], **read_model(path, partial(_fitting, places, fits))})


def _fitting(places: Places, fits: str, file: BinaryIO) -> Arrays:
    if not (start := file.read(START)).startswith(_SIGN):
        raise UserError(f"{stranger(start) or 'is no HDF5 file'}; --like is for .weights.h5")
    wanted = next((each for each in _layouts(places) if holds(file, each["conv1.0"][0])), None)
    if wanted is None:
        raise UserError("has no convolutions where Keras' save_weights puts them: name a file that it has made")
    try:
        size = file.seek(0, 2)
        if size > weight_bytes(places) + OVERHEAD:
            raise ValueError(f"{size:,} bytes are more than its weights take")
        return {name: sound_numbers(array, name) for name, array in open_weights(file, wanted).items()}
    except ValueError as problem:
        raise UserError(f"does not fit {fits}: {problem}; name a model of the network that it is of") from None


def _layouts(places: Places) -> Iterator[Places]:
    """Where the arrays may lie: as in a model's file, or of the network alone, in this project's layers or Keras'."""
    yield places
    for convolution in (_OURS, _KERAS):
        yield {
            name: (place.replace(_WHOLE, _NETWORK).replace(_OURS, convolution), shape)
            for name, (place, shape) in places.items()
            if name != MEAN
        }
