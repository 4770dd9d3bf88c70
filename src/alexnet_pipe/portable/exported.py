"""An exported ONNX file as data: its numbers are taken, and the graph around them must be the one that is made of them.

So nothing of somebody's graph is ever run: a padding of a billion pixels fits into a few bytes of it.
"""

import json
import re
from collections.abc import Collection, Mapping
from itertools import pairwise, zip_longest
from typing import Any, BinaryIO

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.model import VARIANTS, kernel_shapes
from alexnet_pipe.portable.description import LARGEST as DESCRIPTION
from alexnet_pipe.portable.description import LATER, Description, Notes, checked
from alexnet_pipe.portable.onnx_graph import IMAGES, LOGITS, ROUNDED_DIGEST, onnx_graph
from alexnet_pipe.portable.rounded import STEPS, handed_on
from alexnet_pipe.portable.stored_model import Arrays, Stored
from alexnet_pipe.portable.stored_weights import MEAN, expected_weights, sound_numbers

_LARGEST = 2**31 - 1
"""Bytes that a message of protobuf may have."""

_PARTS = {"0": "kernel", "1": "bias"}

_FLOAT = TensorProto.FLOAT
_NAMES: Mapping[int, str] = {
    _FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.INT8: "int8",
    TensorProto.INT32: "int32",
    TensorProto.UINT8: "uint8",
}


def read_exported(file: BinaryIO) -> tuple[onnx.ModelProto, Notes, dict[str, NDArray[np.float32]]]:
    """The graph of an ONNX file that `export` wrote, made anew, what it says of itself, and `outside` of `onnx_graph`.

    Raises:
        UserError: if another program wrote it, or a version that made another graph.
        Exception: of any kind, if it is damaged.
    """
    content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST:,} bytes")
    model = onnx.load_model_from_string(content)
    notes = _notes(model)
    outside: dict[str, NDArray[np.float32]] = {}
    # The scale of its inputs is in conv1's kernel already.
    own = onnx_graph(Stored(_description(notes), _arrays(model, notes)), outside, notes)
    _require_equal(model, own)
    return own, notes, outside


def _notes(model: onnx.ModelProto) -> Notes:
    held = {note.key: note.value for note in model.metadata_props if note.key in Notes.model_fields}
    if Notes.model_fields.keys() - held.keys() - LATER:
        raise UserError("is an ONNX file that does not say its classes, so not one that `alexnet-pipe export` wrote")
    if sum(map(len, held.values())) > DESCRIPTION:
        raise ValueError(f"its metadata have more than {DESCRIPTION:,} characters")
    notes = checked(Notes, {name: json.loads(text) for name, text in held.items()})
    if notes.variant not in VARIANTS:
        raise UserError(f"is of the variant {printable(notes.variant)[:60]}, which this version does not know")
    return notes


def _description(notes: Notes) -> Description:
    """Of any width: graphs differ by the shapes of their constants alone."""
    given = notes.model_dump(exclude={"weights_digest"})
    return Description(**given, width=1, initialisation="paper", seed=0, name="exported")


def _arrays(model: onnx.ModelProto, notes: Notes) -> Arrays:
    constants = {constant.name: constant for constant in model.graph.initializer}
    if any(constant.data_location == TensorProto.EXTERNAL for constant in constants.values()):
        raise UserError("has weights outside the file, which `alexnet-pipe export` does not write")
    kernels = constants["fc8.kernel"].data_type if "fc8.kernel" in constants else TensorProto.FLOAT
    arrays = {name: _numbers(constants, name, *place) for name, place in _places(notes, kernels).items()}
    _require_network(arrays, notes)
    return arrays


def _places(notes: Notes, kernels: int) -> Mapping[str, tuple[str, int]]:
    """By the names of `Arrays` the name in the graph and the type; `kernels` is that of the weights."""
    if kernels == TensorProto.INT8:
        return _integer_places(notes)
    types = {"0": kernels if kernels == TensorProto.FLOAT16 else _FLOAT, "1": _FLOAT}
    places: dict[str, tuple[str, int]] = {}
    for name in expected_weights(_description(notes)):
        layer, _, part = name.partition(".")
        own = name == MEAN or layer.startswith("norm")
        places[name] = (name, _FLOAT) if own else (f"{layer}.{_PARTS[part]}", types[part])
    return places


def _integer_places(notes: Notes) -> Mapping[str, tuple[str, int]]:
    """The same of what `portable.rounded.in_int8` made, in its order."""
    places = {MEAN: (MEAN, _FLOAT)}
    for layer in kernel_shapes(notes.variant, 1, len(notes.classes)):
        places[f"{layer}.0"] = (f"{layer}.kernel", TensorProto.INT8)
        places[f"{layer}.1"] = (f"{layer}.bias", TensorProto.INT32)
        places[f"{layer}.step"] = (f"{layer}.kernel.step", _FLOAT)
    for value in handed_on(notes.variant):
        places |= {f"{value}.step": (f"{value}.step", _FLOAT), f"{value}.zero": (f"{value}.zero", TensorProto.UINT8)}
    return places


def _numbers(constants: Mapping[str, Any], name: str, place: str, kind: int) -> NDArray[Any]:
    if place not in constants or constants[place].data_type != kind:
        raise ValueError(f"it has no constant {place} of {_NAMES[kind]}")
    numbers = sound_numbers(numpy_helper.to_array(constants[place]), name)
    if name.endswith(".step") and not ((numbers >= STEPS[0]) & (numbers <= STEPS[1])).all():
        raise ValueError(f"{place} is no step between two integers")
    return numbers.transpose(2, 3, 1, 0) if name.startswith("conv") and name.endswith(".0") else numbers


def _require_network(arrays: Arrays, notes: Notes) -> None:
    """Each layer takes what the one before it gives, at whatever width."""
    published = kernel_shapes(notes.variant, 1, len(notes.classes))
    held = {layer: arrays[f"{layer}.0"].shape for layer in published}
    if held["fc8"][-1:] != published["fc8"][-1:]:
        raise ValueError(f"it does not take {IMAGES} to {LOGITS} of {len(notes.classes):,} classes")
    units = {layer[-1]: shape[-1:] for layer, shape in held.items()}
    fit = [held["conv1"][:-1] == published["conv1"][:-1], arrays[MEAN].shape == (SIDE, SIDE, 3)]
    fit += [array.shape == units[name[4]] for name, array in arrays.items() if re.fullmatch(r"norm\d\.\d", name)]
    parts = [(layer, arrays.get(f"{layer}.{part}")) for layer in held for part in ("1", "step")]
    fit += [array.shape == units[layer[-1]] for layer, array in parts if array is not None]
    fit += [array.shape == () for name, array in arrays.items() if _is_of_values(name, held)]
    fit += [all(shape) and len(shape) == len(published[layer]) for layer, shape in held.items()]
    fit += [held[layer][-1] % VARIANTS[notes.variant].towers == 0 for layer in held if layer.startswith("conv")]
    for before, layer in pairwise(published):
        ours, theirs = published[layer], held[layer]
        fit += [theirs[:-2] == ours[:-2], theirs[-2] * published[before][-1] == ours[-2] * held[before][-1]]
    if not all(fit):
        raise ValueError("the shapes of its weights do not fit together")


def _is_of_values(name: str, layers: Collection[str]) -> bool:
    """Whether it is one number, for all that is handed on from layer to layer."""
    value, _, part = name.rpartition(".")
    return part in ("step", "zero") and value not in layers


def _require_equal(model: onnx.ModelProto, own: onnx.ModelProto) -> None:
    held, made = model.graph, own.graph
    for node, expected in zip_longest(held.node, made.node):
        if node is None or (expected is not None and node.op_type == expected.op_type and node != expected):
            raise ValueError(f"its operation {expected.name} is not as `alexnet-pipe export` writes it")
        if node != expected:
            raise UserError(
                f"has the operation {printable(node.op_type)[:60]}, which `alexnet-pipe export` does not write"
            )
    constants = {constant.name: constant for constant in held.initializer}
    for constant in made.initializer:
        if constant.name not in constants:
            raise ValueError(f"it has no constant {constant.name}")
        if constant.data_location != TensorProto.EXTERNAL and constants[constant.name] != constant:
            raise ValueError(f"its constant {constant.name} is not as `alexnet-pipe export` writes it")
    digests = [[note.value for note in each.metadata_props if note.key == ROUNDED_DIGEST] for each in (model, own)]
    if digests[0] != digests[1]:
        raise ValueError("its numbers are not those that `alexnet-pipe export` wrote there")
    if _around(model) != _around(own):
        raise ValueError("its graph is not the one that `alexnet-pipe export` writes")


def _around(model: onnx.ModelProto) -> list[Any]:
    graph = model.graph
    parts = (graph.input, graph.output, graph.sparse_initializer, model.opset_import, model.functions)
    return [len(graph.initializer), *map(list, parts)]
