"""The weights in a `.keras` file: arrays of known places and shapes, and nothing else that HDF5 can express."""

from collections.abc import Mapping
from typing import Any, BinaryIO

import h5py
import numpy as np

from alexnet_pipe.model.description import Description
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.model import kernel_shapes

MEAN = "mean"
OVERHEAD = 2**20
"""Bytes that HDF5 needs beside the numbers, generously."""

_NUMBERS = np.dtype("<f4")

Places = Mapping[str, tuple[str, tuple[int, ...]]]


def expected_weights(description: Description) -> Places:
    """Where `Classifier.save` puts each array, and the shape of it.

    By name, which is `mean`, or a layer's followed by `.0` (kernel) or `.1` (bias).
    """
    # Keras calls layers by their class and their number among it.
    classes = {"conv": ("tower_convolution", 1), "fc": ("dense", 6)}
    places: dict[str, tuple[str, tuple[int, ...]]] = {MEAN: ("layers/preprocessing/vars/0", (SIDE, SIDE, 3))}
    for layer, shape in kernel_shapes(description.variant, description.width, len(description.classes)).items():
        name, first = classes[layer[:-1]]
        number = int(layer[-1]) - first
        folder = f"layers/alex_net/layers/{name}{f'_{number}' if number else ''}/vars"
        places[f"{layer}.0"] = f"{folder}/0", shape
        places[f"{layer}.1"] = f"{folder}/1", shape[-1:]
    return places


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


def finite_numbers(array: Any, name: str) -> np.ndarray:
    """All of an array that `open_weights` gave.

    Raises:
        ValueError: if one of its numbers is none: every answer would be NaN.
    """
    numbers: np.ndarray = array[...]
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} has numbers that are not finite")
    return numbers


def _plain_array(held: Any, path: str, shape: tuple[int, ...]) -> Any:
    place = held
    for step in path.split("/"):
        # Asked below h5py, which follows a link to another file when it only looks whether there is one.
        if not isinstance(place, h5py.Group) or place.id.links.get_info(step.encode()).type != h5py.h5l.TYPE_HARD:
            raise ValueError(f"{path} is not in the file itself")
        place = place[step]
    if not isinstance(place, h5py.Dataset) or (place.shape, place.dtype) != (shape, _NUMBERS):
        raise ValueError(f"{path} is not float32 of {'×'.join(map(str, shape))}")
    made = place.id.get_create_plist()
    whole = place.id.get_storage_size() == place.nbytes
    if made.get_layout() != h5py.h5d.CONTIGUOUS or made.get_external_count() or not whole:
        raise ValueError(f"{path} is not stored as plain numbers in the file itself")
    return place
