"""`bvlc_alexnet.npy`: Caffe's weights as caffe-tensorflow wrote them, one pickled dict of arrays.

The layout is this project's: `(height, width, in, out)`, and fc6's inputs in height, width, channel order.
"""

import io
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.pretrained.caffemodel import from_caffe
from alexnet_pipe.pretrained.data_pickle import load_pickle
from alexnet_pipe.pretrained.published import LAYERS, Layer, Published, fitting_width


def read_npy(content: bytes) -> Published:
    """The weights in the bytes of a `.npy` file: by layer `[kernel, bias]`, or `{"weights": kernel, "biases": bias}`.

    Raises:
        UserError: if it holds anything else.
        Exception: of any kind, if it is damaged.
    """
    stream = io.BytesIO(content)
    if npy_format.read_magic(stream) != (1, 0):
        raise UserError("it is a .npy file of a newer form than bvlc_alexnet.npy: save it again with numpy.save")
    _, _, dtype = npy_format.read_array_header_1_0(stream)
    held = _value(load_pickle(stream, _KNOWN)) if dtype.hasobject else None
    if not isinstance(held, dict):
        raise UserError("it holds no dict of layers, as bvlc_alexnet.npy does: it is another file")
    layers = {name: _layer(name, entry) for key, entry in held.items() if (name := _text(key)) in LAYERS}
    if others := sorted({_text(key) for key in held} - {*LAYERS}):
        raise UserError(f"it holds {printable(others[0])[:60]!r} besides {', '.join(LAYERS)}: it is another network")
    width = fitting_width(layers, "bvlc")
    return from_caffe(".npy", "bvlc", width, layers, ("taken as bvlc: the file does not tell it from caffenet",))


def _layer(name: str, entry: Any) -> Layer:
    parts = {_text(key): part for key, part in entry.items()} if isinstance(entry, dict) else entry
    if isinstance(parts, dict) and set(parts) == {"weights", "biases"}:
        parts = [parts["weights"], parts["biases"]]
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        raise UserError(f"{name}: neither [weights, biases] nor a dict of both")
    kernel, bias = map(_value, parts)
    if not isinstance(kernel, np.ndarray) or not isinstance(bias, np.ndarray):
        raise UserError(f"{name}: weights and biases are not arrays of numbers")
    return Layer(kernel, bias)


def _value(found: Any) -> Any:
    return found.value if isinstance(found, _Array) else found


def _text(found: Any) -> str:
    return found.decode("latin1") if isinstance(found, bytes) else found if isinstance(found, str) else ""


class _DType:
    """In the place of `numpy.dtype`: floats, or objects."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.code = _text(code)
        self.order = ""
        if self.code not in ("f2", "f4", "f8", "O8", "O4", "O"):
            raise UserError("it holds arrays of something else than floats: it is another file")

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1])

    @property
    def objects(self) -> bool:
        return self.code.startswith("O")

    def numpy(self) -> Any:
        return np.dtype({"<": "<", ">": ">"}.get(self.order, "=") + self.code)


class _Array:
    """In the place of a `numpy.ndarray`: its numbers, or the one object in it."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, columns_first, data = state
        if dtype.objects:
            (self.value,) = data
            return
        # Not through `numpy.ndarray.__setstate__`: it trusts what it is given.
        numbers: NDArray[Any] = np.frombuffer(data, dtype.numpy())
        self.value = numbers.reshape(shape, order="F" if columns_first else "C")


_KNOWN = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _DType,
}
