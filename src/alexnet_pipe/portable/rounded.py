"""A classifier with kernels of fewer bits: float16; or int8, with what layers hand on in uint8 (Jacob et al. 2018)."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.model import EPSILON, NORMALIZED, VARIANTS, kernel_shapes
from alexnet_pipe.portable.graph_parts import LARGEST_INTEGER
from alexnet_pipe.portable.onnx_graph import FEATURES, LOGITS
from alexnet_pipe.portable.stored_model import Arrays, Stored
from alexnet_pipe.portable.stored_weights import MEAN

LEVELS = 255
"""Steps from the lowest value in uint8 to the highest."""

STEPS = (np.float32(2**-60), np.float32(2**60))
"""The least and the greatest that a step may be: the product of two is a number, too."""

_LARGEST_BIAS = 2**30

Ranges = Mapping[str, tuple[float, float]]
"""The least and the greatest value of each name in `handed_on`."""


def in_float16(stored: Stored) -> Stored:
    """The same with its kernels in float16; mean image, biases and normalization stay float32.

    Raises:
        UserError: if a weight is larger than float16 can say.
    """
    scaled = _scaled(stored)
    with np.errstate(over="ignore"):
        kernels: dict[str, NDArray[Any]] = {
            f"{layer}.0": scaled.arrays[f"{layer}.0"].astype(np.float16) for layer in _layers(stored)
        }
    if not all(np.isfinite(kernel).all() for kernel in kernels.values()):
        raise UserError("a weight is above 65,504, the largest number of float16: export another format")
    return Stored(scaled.description, {**scaled.arrays, **kernels})


def in_int8(stored: Stored, ranges: Ranges) -> Stored:
    """The same in integers; what `handed_on` names goes from the one layer to the next within `ranges`.

    A kernel is int8, of at most ±`LARGEST_INTEGER`, times `.step`, float32 `(units,)`; a bias int32, times that and the
    step of what the layer reads; what is handed on uint8, less its `.zero`, times its `.step`. Batch normalization is
    in kernels and biases.

    Raises:
        UserError: if a range or a weight is too large to be a trained network's.
    """
    folded, variant = without_batch_normalization(stored), stored.description.variant
    levels = {name: _levels(*ranges[name], _least_step(name, variant)) for name in handed_on(variant)}
    arrays: dict[str, NDArray[Any]] = {MEAN: folded.arrays[MEAN]}
    for layer, read in zip(_layers(stored), _read(variant), strict=True):
        arrays |= _integers(layer, folded.arrays, levels[read][0])
    for name, (step, zero) in levels.items():
        arrays |= {f"{name}.step": np.asarray(step), f"{name}.zero": np.asarray(zero)}
    if not all(array.max() <= STEPS[1] for name, array in arrays.items() if name.endswith(".step")):
        raise UserError("its weights, or what its layers hand on, are too large to be a trained network's")
    return Stored(folded.description, arrays)


def _integers(layer: str, arrays: Arrays, read: np.float32) -> dict[str, NDArray[Any]]:
    """The kernel, bias and steps of a layer that reads what has the step `read`."""
    kernel, bias = arrays[f"{layer}.0"], arrays[f"{layer}.1"]
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1))) / np.float32(LARGEST_INTEGER)
    steps = np.maximum(np.maximum(largest, np.abs(bias) / (read * np.float32(_LARGEST_BIAS))), STEPS[0])
    return {
        f"{layer}.0": np.rint(kernel / steps).astype(np.int8),
        f"{layer}.1": np.rint(bias / (read * steps)).astype(np.int32),
        f"{layer}.step": steps,
    }


def handed_on(variant: str) -> tuple[str, ...]:
    """The values of the graph that are rounded to uint8, by their names in it and in its order."""
    names = ["pixels"]
    for number in range(1, 8):
        names.append(f"relu{number}" if number < 7 else FEATURES)
        if number < 3 and VARIANTS[variant].normalization == "response":
            norm = f"norm{number}"
            names += [f"{norm}.squares", f"{norm}.scale", norm]
    return tuple(names)


def without_batch_normalization(stored: Stored) -> Stored:
    """The same function of pixels: kernels are multiplied by what follows them, and all layers have biases."""
    scaled = _scaled(stored)
    normalized = NORMALIZED if VARIANTS[stored.description.variant].normalization == "batch" else ()
    arrays = {MEAN: scaled.arrays[MEAN]}
    for layer in _layers(stored):
        kernel, norm = scaled.arrays[f"{layer}.0"], f"norm{layer[-1]}"
        if layer in normalized:
            factor, shift, mean, variance = (scaled.arrays[f"{norm}.{part}"] for part in range(4))
            factor = factor / np.sqrt(variance + np.float32(EPSILON))
            arrays |= {f"{layer}.0": kernel * factor, f"{layer}.1": shift - mean * factor}
        else:
            arrays |= {f"{layer}.0": kernel, f"{layer}.1": scaled.arrays[f"{layer}.1"]}
    return Stored(scaled.description, arrays)


def _scaled(stored: Stored) -> Stored:
    """The same with the scale of its inputs in conv1's kernel."""
    description = stored.description
    kernel = stored.arrays["conv1.0"] * np.float32(description.input_scale)
    return Stored(description.model_copy(update={"input_scale": 1.0}), {**stored.arrays, "conv1.0": kernel})


def _layers(stored: Stored) -> tuple[str, ...]:
    description = stored.description
    return tuple(kernel_shapes(description.variant, description.width, len(description.classes)))


def _read(variant: str) -> Iterator[str]:
    """Of what is handed on, what each layer reads: the last before it."""
    names = handed_on(variant)
    return (before for before, name in zip(names, [*names[1:], LOGITS], strict=True) if not name.startswith("norm"))


def _least_step(name: str, variant: str) -> np.float32:
    """Of a value that is handed on; the constant of response normalization is in steps of the squares, in 32 bits."""
    if not name.endswith(".squares"):
        return STEPS[0]
    sums = VARIANTS[variant]
    return np.float32(sums.k * LARGEST_INTEGER / (sums.alpha * _LARGEST_BIAS))


def _levels(low: float, high: float, least: np.float32) -> tuple[np.float32, np.uint8]:
    """The step of uint8 that covers the range, zero included, and which level zero is."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = np.maximum(np.float32((high - low) / LEVELS), least)
    return step, np.uint8(np.clip(np.rint(-low / step), 0, LEVELS))
