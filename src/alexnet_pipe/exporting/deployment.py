"""A classifier as ONNX, SavedModel and TensorFlow Lite have it, and what each file says of images."""

import json
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.layers import band
from alexnet_pipe.paper import CROP, SIDE

_IMAGES = tf.TensorSpec((None, SIDE, SIDE, 3), tf.uint8, name="images")
"""What an export takes: RGB, as many at a time as there are."""


def probabilities(model: Classifier, images: Any) -> dict[str, Any]:
    """`probabilities`: the softmax of the centre view, float32 `(n, classes)`, as TensorFlow's operations.

    The model is in float32, and in forms that are TensorFlow's operations; images are uint8 `(n, 256, 256, 3)`.
    """
    row, column = CENTRE
    crops = images[:, row : row + CROP, column : column + CROP]
    mean = model.mean.value[row : row + CROP, column : column + CROP]
    return {"probabilities": tf.nn.softmax(model.network(tf.cast(crops, tf.float32) - mean, training=False))}


def _servable(model: Classifier) -> Any:
    """A `tf.Module` with the weights, and `probabilities` as its function `serve`."""
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    module.serve = tf.function(lambda images: probabilities(model, images), input_signature=[_IMAGES])
    return module


def notes(model: Classifier) -> Mapping[str, str]:
    """What must travel with it, as JSON by name.

    `classes` is a list in the order of the probabilities; `resize` says how a photograph becomes 256×256 pixels.
    """
    return {"classes": json.dumps(model.classes), "resize": json.dumps(model.resize)}


def in_float32(model: Classifier, forms: Forms = PORTABLE) -> Classifier:
    """A copy that computes in float32 and in `forms`, whatever this process trains with."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return model.untrained_copy(forms)
    finally:
        keras.config.set_dtype_policy(policy)


def save_saved_model(model: Classifier, path: Path) -> None:
    """A folder, TensorFlow's SavedModel.

    Class names and preparation are JSON files in `assets.extra`, which TensorFlow keeps for others.
    """
    module = _servable(model)
    tf.saved_model.save(module, str(path), signatures=module.serve)
    # It holds a random number, and no reader needs it.
    (path / "fingerprint.pb").unlink(missing_ok=True)
    extra = path / "assets.extra"
    extra.mkdir()
    for name, text in notes(model).items():
        (extra / f"{name}.json").write_text(text)


def run_saved_model(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a SavedModel says of `images`."""
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    shares: NDArray[np.float32] = served(images=tf.constant(images))["probabilities"].numpy()
    return shares


def save_tflite(model: Classifier, path: Path) -> None:
    """TensorFlow Lite, which is LiteRT today: one file of built-in operations.

    Class names and preparation are JSON files in a zip archive that follows the network: TensorFlow Lite's form of
    associated files. Its readers pass over them, and zip's find them.
    """
    module = _servable(model)
    function = module.serve.get_concrete_function()
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], module).convert())
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in notes(model).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.json"), text)


def run_tflite(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a file of TensorFlow Lite says of `images`."""
    with warnings.catch_warnings():
        # It names a package that is to take its place; the one that comes with TensorFlow reads the same files.
        warnings.filterwarnings("ignore", message=r"\s*Warning: tf\.lite\.Interpreter is deprecated")
        interpreter = tf.lite.Interpreter(str(path))
    shares: NDArray[np.float32] = interpreter.get_signature_runner()(images=images)["probabilities"]
    return shares


def _response_normalization(inputs: Any, k: float, alpha: float) -> Any:
    """As `model.layers.response_normalization`; the sum over the window is a 1×1 convolution.

    A product of four dimensions with two is taken apart into shapes that change, which tf2onnx sometimes gets wrong.
    """
    weights = tf.constant(alpha * band(inputs.shape[-1]))
    scale = k + tf.nn.conv2d(tf.square(inputs), weights[None, None], strides=1, padding="VALID")
    return inputs * tf.math.rsqrt(scale * tf.sqrt(scale))


CONVERTIBLE = Forms(normalize=_response_normalization)
"""What every runtime has operations for, and every converter gets right."""


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

    @tf.function(input_signature=[_IMAGES, *arguments])
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
