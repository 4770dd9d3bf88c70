"""The weights in a `.keras` file: arrays of known places and shapes, and nothing else that HDF5 can express."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import h5py
import numpy as np

from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.model import NORMALIZED, VARIANTS, kernel_shapes
from alexnet_pipe.portable.description import Description

MEAN = "mean"
OVERHEAD = 2**20
"""Bytes that HDF5 needs beside the numbers, generously."""

_NUMBERS = np.dtype("<f4")

_CLASSES = {"conv": ("tower_convolution", 1), "fc": ("dense", 6), "norm": ("batch_normalization", 1)}
"""Keras calls layers by their class and their number among it: the class, and which of ours is the first of it."""

Shape = tuple[int, ...]
Places = Mapping[str, tuple[str, Shape]]


def expected_weights(description: Description) -> Places:
    """Where `Classifier.save` puts each array, and the shape of it.

    By name, which is `mean`, or a layer's followed by `.0` (kernel) or `.1` (bias); of a batch normalization by `.0`
    (scale), `.1` (shift), `.2` (moving mean) or `.3` (moving variance).
    """
    places: dict[str, tuple[str, Shape]] = {MEAN: ("layers/preprocessing/vars/0", (SIDE, SIDE, 3))}
    batch = VARIANTS[description.variant].normalization == "batch"
    for layer, shape in kernel_shapes(description.variant, description.width, len(description.classes)).items():
        units = shape[-1:]
        if batch and layer in NORMALIZED:
            places |= _arrays(layer, [shape]) | _arrays(f"norm{layer[-1]}", [units] * 4)
        else:
            places |= _arrays(layer, [shape, units])
    return places


def _arrays(layer: str, shapes: Sequence[Shape]) -> dict[str, tuple[str, Shape]]:
    name, first = _CLASSES[layer[:-1]]
    number = int(layer[-1]) - first
    folder = f"layers/alex_net/layers/{name}{f'_{number}' if number else ''}/vars"
    return {f"{layer}.{place}": (f"{folder}/{place}", shape) for place, shape in enumerate(shapes)}


def weight_bytes(places: Places) -> int:
    """Of all arrays together."""
    return sum(_NUMBERS.itemsize * int(np.prod(shape, dtype=object)) for _, shape in places.values())


def open_weights(file: BinaryIO, places: Places) -> dict[str, Any]:
    """HDF5's data sets by name, checked and not yet read; an index of `...` reads one.

    Raises:
        ValueError: if an array is missing or of another shape, or anything but plain float32 in this file.
        Exception: of any kind, if the file is damaged.
    """
    held = h5py.File(file, "r")
    return {name: _plain_array(held, path, shape) for name, (path, shape) in places.items()}


def sound_numbers(array: Any, name: str) -> np.ndarray:
    """All of an array that `open_weights` gave.

    Raises:
        ValueError: if one of its numbers is none, or a variance below zero: every answer would be NaN.
    """
    numbers: np.ndarray = array[...]
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} has numbers that are not finite")
    if _is_variance(name) and (numbers < 0).any():
        raise ValueError(f"{name} has variances below zero")
    return numbers


def _is_variance(name: str) -> bool:
    return name.startswith("norm") and name.endswith(".3")


def holds(file: BinaryIO, path: str) -> bool:
    """Whether an array or a group lies at `path` in the file itself, whatever it is.

    Raises:
        Exception: of any kind, if the file is damaged.
    """
    try:
        _place(h5py.File(file, "r"), path)
    except ValueError:
        return False
    return True


def _place(held: Any, path: str) -> Any:
    place = held
    for step in path.split("/"):
        # Asked below h5py, which follows a link to another file when it only looks whether there is one.
        if (
            not isinstance(place, h5py.Group)
            or not place.id.links.exists(step.encode())
            or place.id.links.get_info(step.encode()).type != h5py.h5l.TYPE_HARD
        ):
            raise ValueError(f"{path} is not in the file itself")
        place = place[step]
    return place


def _plain_array(held: Any, path: str, shape: Shape) -> Any:
    place = _place(held, path)
    if not isinstance(place, h5py.Dataset) or (place.shape, place.dtype) != (shape, _NUMBERS):
        raise ValueError(f"{path} is not float32 of {'×'.join(map(str, shape))}")
    made = place.id.get_create_plist()
    whole = place.id.get_storage_size() == place.nbytes
    if made.get_layout() != h5py.h5d.CONTIGUOUS or made.get_external_count() or not whole:
        raise ValueError(f"{path} is not stored as plain numbers in the file itself")
    return place
