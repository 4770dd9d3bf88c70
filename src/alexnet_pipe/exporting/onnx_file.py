"""ONNX."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.exporting.deployment import IMAGES, notes, probabilities
from alexnet_pipe.model.classifier import Classifier


def save_onnx(model: Classifier, path: Path) -> None:
    """One file; class names and preparation are its metadata properties.

    Raises:
        UserError: if the converter is not installed.
    """
    try:
        from onnx import helper, numpy_helper
        from tf2onnx import convert  # type: ignore[import-untyped]
    except ImportError:
        raise UserError(
            "onnx and tf2onnx, which write ONNX files, are missing: run `pip install onnx tf2onnx`, or `make setup`"
        ) from None
    function, large = _without_large_weights(model)
    converted, _ = convert.from_function(function, function.input_signature)
    converted.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in large.items())
    file = helper.make_model(
        _ordered(converted.graph), producer_name="alexnet-pipe", opset_imports=converted.opset_import
    )
    file.ir_version = converted.ir_version
    helper.set_model_props(file, dict(notes(model)))
    path.write_bytes(file.SerializeToString(deterministic=True))


def run_onnx(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """What the file says of `images`; nothing if there is no ONNX runtime to ask."""
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    probabilities: NDArray[np.float32] = session.run(["probabilities"], {"images": images})[0]
    return probabilities


def _without_large_weights(model: Classifier) -> tuple[Any, dict[str, NDArray[np.float32]]]:
    """The function with the kernels of the fully connected layers as arguments, and these kernels, by argument.

    They hold nearly all bytes, and tf2onnx copies what is inside some fifty times.
    """
    layers = [layer for layer in model.network.layers if isinstance(layer, keras.layers.Dense)]
    arguments = [tf.TensorSpec(layer.kernel.shape, tf.float32, name=layer.name) for layer in layers]

    @tf.function(input_signature=[IMAGES, *arguments])
    def function(images: Any, *kernels: Any) -> dict[str, Any]:
        with keras.StatelessScope([(layer.kernel, kernel) for layer, kernel in zip(layers, kernels, strict=True)]):
            return probabilities(model, images)

    return function, {layer.name: np.asarray(layer.kernel) for layer in layers}


def _ordered(graph: Any) -> Any:
    """The same graph; names and order say the place of each part in it, where tf2onnx goes by hash and by count."""
    from onnx import helper

    nodes, constants = _met_from_the_end(graph)
    names = {"": "", **{end.name: end.name for end in (*graph.input, *graph.output)}}
    for number, constant in enumerate(constants):
        constant.name = names.setdefault(constant.name, f"constant_{number}")
    for number, node in enumerate(nodes):
        node.name = f"{node.op_type}_{number}"
        node.input[:] = [names[value] for value in node.input]
        node.output[:] = [
            names.setdefault(value, f"{node.name}_{position}") for position, value in enumerate(node.output)
        ]
        node.attribute.sort(key=lambda attribute: attribute.name)
    images, probabilities = graph.input[0], graph.output[0]
    for end in (images, probabilities):
        end.type.tensor_type.shape.dim[0].dim_param = "n"
    return helper.make_graph(nodes, "alexnet", [images], [probabilities], constants)


def _met_from_the_end(graph: Any) -> tuple[list[Any], list[Any]]:
    """Nodes and constants in the order in which a walk from the outputs comes back from them."""
    made = {output: node for node in graph.node for output in node.output}
    constants = {constant.name: constant for constant in graph.initializer}
    nodes: list[Any] = []
    used: list[Any] = []
    seen: set[str] = set()

    def visit(value: str) -> None:
        if value in seen:
            return
        seen.add(value)
        if value in constants:
            used.append(constants[value])
        elif value in made:
            node = made[value]
            seen.update(node.output)
            for needed in node.input:
                visit(needed)
            nodes.append(node)

    for output in graph.output:
        visit(output.name)
    return nodes, used
