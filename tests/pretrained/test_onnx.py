"""ONNX graphs that are an AlexNet, told by their layers; what they say is what ONNX Runtime says of the file itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import helper

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.pretrained import Preparation
from alexnet_pipe.pretrained.caffemodel import MEAN_BGR
from alexnet_pipe.pretrained.published import Published
from alexnet_pipe.pretrained.read import assemble, numbered_names, read_published
from alexnet_pipe.pretrained.torchvision import DEVIATION, MEAN
from tests.pretrained.networks import CLASSES, Weights, random_weights
from tests.pretrained.onnx_networks import Builder, dropped, lrn, zoo

FILES = Path(__file__).parent / "files"


def photograph() -> NDArray[np.uint8]:
    row, column = np.mgrid[:256, :256]
    return np.stack([row, column * column // 256, (3 * row + 5 * column) % 256], axis=-1).astype(np.uint8)


def for_caffe(side: int = 227) -> NDArray[np.float32]:
    start = (256 - side) // 2
    crop = photograph()[start : start + side, start : start + side, ::-1] - np.array(MEAN_BGR)
    return crop.transpose(2, 0, 1)[None].astype(np.float32)


def for_torchvision(side: int) -> NDArray[np.float32]:
    start = (256 - side) // 2
    crop = photograph()[start : start + side, start : start + side] / 255
    return ((crop - MEAN) / DEVIATION).transpose(2, 0, 1)[None].astype(np.float32)


def said_by_the_file(model: Any, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: pixels})[0].reshape(-1)


def imported(tmp_path: Path, model: Any, preparation: Preparation | None = None) -> Published:
    (tmp_path / "a.onnx").write_bytes(model.SerializeToString())
    return read_published(tmp_path / "a.onnx", preparation)


def said_here(published: Published) -> NDArray[np.float32]:
    """Logits of the photograph."""
    model = assemble(published, numbered_names(published.classes))
    return np.asarray(model(view(photograph()[None], CENTRE, mirror=False)))[0]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(keras.ops.softmax(logits))


@pytest.mark.parametrize("opset", [7, 8, 9, 12])
@pytest.mark.parametrize("caffenet", [False, True])
def test_the_zoos_file_says_what_onnx_runtime_says(tmp_path: Path, opset: int, caffenet: bool) -> None:
    published = imported(tmp_path, zoo(random_weights(), opset, caffenet=caffenet))
    assert (published.variant, published.policy) == ("caffenet" if caffenet else "bvlc", "squash")
    assert "its graph takes 224×224 pixels; the network was published with 227" in published.remarks
    # The same weights in a graph of 227 pixels, for which they were trained.
    expected = said_by_the_file(zoo(random_weights(), opset, side=227, caffenet=caffenet), for_caffe())
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(softmax(said_here(published)), expected, atol=1e-4)


@pytest.mark.parametrize("opset", [3, 6])
def test_the_zoos_oldest_files_hold_the_same(tmp_path: Path, opset: int) -> None:
    old, new = (imported(tmp_path, zoo(random_weights(), number)) for number in (opset, 12))
    assert (old.variant, old.mean) == (new.variant, new.mean)
    for name, layer in new.layers.items():
        np.testing.assert_array_equal(old.layers[name].kernel, layer.kernel)
        np.testing.assert_array_equal(old.layers[name].bias, layer.bias)


def weird_trick_weights(seed: int = 3) -> Weights:
    shapes = {"conv1": (8, 3, 11, 11), "conv2": (24, 8, 5, 5), "conv3": (48, 24, 3, 3), "conv4": (32, 48, 3, 3)}
    shapes |= {"conv5": (32, 32, 3, 3), "fc6": (512, 36 * 32), "fc7": (512, 512), "fc8": (CLASSES, 512)}
    random = np.random.default_rng(seed)
    return {
        name: (
            (random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32),
            random.uniform(-0.5, 0.5, shape[0]).astype(np.float32),
        )
        for name, shape in shapes.items()
    }


def convolved(made: Builder, weights: Weights, name: str, **attributes: Any) -> None:
    kernel, bias = weights[name]
    made.add("Conv", made.tensor(kernel), made.tensor(bias), **attributes)


def plain_pool(made: Builder) -> None:
    made.add("MaxPool", kernel_shape=[3, 3], strides=[2, 2])


def with_gemm(made: Builder, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    made.add("Gemm", made.tensor(0.5 * kernel), made.tensor(bias / 4), transB=1, alpha=2.0, beta=4.0)


def with_turned_gemm(made: Builder, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    made.add("Gemm", made.tensor(kernel.T), made.tensor(bias))


def with_matmul(made: Builder, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    product = made.add("MatMul", made.tensor(kernel.T))
    made.last = made.tensor(bias)
    made.add("Add", product)


def weird_trick(
    weights: Weights,
    connected: Callable[[Builder, NDArray[np.float32], NDArray[np.float32]], None] = with_gemm,
    pads: str = "attribute",
    opset: int = 13,
    measured: bool = False,
) -> Any:
    """torchvision's network, written in one way or another."""
    made = Builder(opset, constants=True)
    if pads == "node":
        made.add("Pad", made.tensor(np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)))
    pad1 = {"attribute": [2, 2, 2, 2], "node": [0, 0, 0, 0], "what is reached": [2, 2, 1, 1]}[pads]
    for number, pad in enumerate((pad1, [2] * 4, [1] * 4, [1] * 4, [1] * 4), start=1):
        same = {"auto_pad": "SAME_UPPER"} if pads == "node" and number > 1 else {"pads": pad}
        convolved(made, weights, f"conv{number}", strides=[4 if number == 1 else 1] * 2, **same)
        if measured:
            normalized(made, len(weights[f"conv{number}"][1]))
        made.add("Relu")
        if number not in (3, 4):
            plain_pool(made)
    made.add("AveragePool", kernel_shape=[1, 1])
    made.add("Flatten", axis=1)
    for name in ("fc6", "fc7", "fc8"):
        if name != "fc8":
            made.add("Identity")
        connected(made, *weights[name])
        if name != "fc8":
            made.add("Relu")
    return made.model(224, CLASSES)


def normalized(made: Builder, channels: int) -> None:
    random = np.random.default_rng(channels)
    ranges = ((0.5, 2), (-1, 1), (-1, 1), (0.5, 2))
    arrays = [random.uniform(*limits, channels).astype(np.float32) for limits in ranges]
    made.add("BatchNormalization", *map(made.tensor, arrays), epsilon=1e-3)


@pytest.mark.parametrize("connected", [with_gemm, with_turned_gemm, with_matmul])
@pytest.mark.parametrize("pads", ["attribute", "node", "what is reached"])
def test_torchvisions_network_is_known_however_it_is_written(tmp_path: Path, connected: Any, pads: str) -> None:
    model = weird_trick(weird_trick_weights(), connected, pads)
    published = imported(tmp_path, model)
    assert (published.variant, published.policy, published.width) == ("one-weird-trick", "torchvision", 1 / 8)
    expected = said_by_the_file(model, for_torchvision(224))
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(said_here(published), expected, atol=1e-4)


def test_batch_normalization_goes_into_the_layer_before(tmp_path: Path) -> None:
    model = weird_trick(weird_trick_weights(), measured=True)
    published = imported(tmp_path, model)
    assert "5 batch normalizations folded into the layers before them" in published.remarks
    np.testing.assert_allclose(
        said_here(published), said_by_the_file(model, for_torchvision(224)), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("name", ["weird.onnx", "weird_traced.onnx"])
def test_what_both_exporters_of_pytorch_wrote_is_read(name: str) -> None:
    published = read_published(FILES / name)
    assert (published.variant, published.width) == ("one-weird-trick", 1 / 128)
    plain = read_published(FILES / "weird_zipped.pth")
    for name, layer in plain.layers.items():
        np.testing.assert_allclose(published.layers[name].kernel, layer.kernel, rtol=1e-6)


def two_towers(weights: Weights, k: float, alpha: float, windows: int = 3) -> Any:
    made = Builder(13)
    for number, (pad, group) in enumerate(((0, 1), (2, 2), (1, 1), (1, 2), (1, 2)), start=1):
        convolved(made, weights, f"conv{number}", strides=[4 if number == 1 else 1] * 2, pads=[pad] * 4, group=group)
        made.add("Relu")
        if number < 3:
            lrn(made, k, alpha)
        if number not in (3, 4):
            made.add("MaxPool", kernel_shape=[windows] * 2, strides=[2, 2])
    made.add("Flatten")
    for name in ("fc6", "fc7", "fc8"):
        with_gemm(made, *weights[name])
        if name != "fc8":
            made.add("Relu")
            dropped(made)
    return made.model(227, CLASSES)


@pytest.mark.parametrize(("variant", "windows"), [("paper", 3), ("non-overlapping-pooling", 2)])
def test_the_papers_constants_are_known(tmp_path: Path, variant: str, windows: int) -> None:
    model = two_towers(random_weights(), 2.0, 5e-4, windows)
    published = imported(tmp_path, model)
    assert (published.variant, published.policy) == (variant, "crop")
    expected = said_by_the_file(model, for_torchvision(227))
    np.testing.assert_allclose(said_here(published), expected, rtol=1e-3, atol=1e-4)


def test_the_preparation_can_be_told(tmp_path: Path) -> None:
    published = imported(tmp_path, two_towers(random_weights(), 2.0, 5e-4), Preparation.CAFFE)
    assert published.policy == "squash"
    expected = said_by_the_file(two_towers(random_weights(), 2.0, 5e-4), for_caffe())
    np.testing.assert_allclose(said_here(published), expected, rtol=1e-3, atol=1e-2)


def test_what_tensorflow_computes_is_known_as_tf2onnx_writes_it() -> None:
    """Channels last, towers split and joined, biases added behind (`files/make_with_tf2onnx.py`)."""
    published = read_published(FILES / "towers.onnx")
    assert (published.variant, published.width) == ("paper", 1 / 128)
    expected = said_by_the_file(onnx.load(FILES / "towers.onnx"), for_torchvision(227).transpose(0, 2, 3, 1))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(said_here(published), expected, rtol=1e-4, atol=1e-5)


def changed(change: Callable[[Any], None], opset: int = 12) -> Any:
    model = zoo(random_weights(), opset)
    change(model.graph)
    return model


def node(graph: Any, kind: str, number: int = 0) -> Any:
    return [found for found in graph.node if found.op_type == kind][number]


def attribute(found: Any, **values: Any) -> None:
    kept = [old for old in found.attribute if old.name not in values]
    del found.attribute[:]
    found.attribute.extend([*kept, *(helper.make_attribute(name, value) for name, value in values.items())])


def renamed(found: Any, kind: str) -> None:
    found.op_type = kind


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda graph: renamed(node(graph, "Conv"), "QLinearConv"),
            "conv1: QLinearConv ('n0') stands where there is a",
        ),
        (
            lambda graph: renamed(node(graph, "Relu", 1), "LeakyRelu"),
            "relu2: LeakyRelu ('n5') stands where there is ReLU",
        ),
        (lambda graph: attribute(node(graph, "LRN"), alpha=1e-3), "norm1 ('n2'): alpha is 0.0002, but 2e-05"),
        (lambda graph: attribute(node(graph, "LRN", 1), size=3), "norm2 ('n6'): size is 3, but 5"),
        (lambda graph: attribute(node(graph, "Conv", 2), pads=[0] * 4), "conv3 ('n8'): before is 0, but 1"),
        (lambda graph: attribute(node(graph, "Conv"), pads=[2] * 4), "conv1 ('n0'): before is 2, but 0"),
        (lambda graph: attribute(node(graph, "MaxPool", 2), strides=[1, 1]), "pool5 ('n14'): stride is 1, but 2"),
        (lambda graph: attribute(node(graph, "MaxPool"), kernel_shape=[2, 2]), "pool1 ('n3'): size is 2, but 3"),
        (lambda graph: renamed(node(graph, "Gemm", 2), "Einsum"), "fc8: Einsum"),
        (lambda graph: graph.node.append(helper.make_node("Relu", [graph.output[0].name], ["z"])), "Softmax"),
    ],
)
def test_the_first_layer_that_differs_is_named(tmp_path: Path, change: Callable[[Any], None], told: str) -> None:
    with pytest.raises(UserError) as refused:
        imported(tmp_path, changed(change))
    assert told in str(refused.value)
    assert "a.onnx: it is another network: " in str(refused.value)
    assert str(refused.value).isprintable()


def branching(graph: Any) -> None:
    graph.node.append(helper.make_node("Sigmoid", [node(graph, "Relu").output[0]], ["aside"]))


def computed(graph: Any) -> None:
    graph.node.append(helper.make_node("Relu", [node(graph, "Conv").input[1]], ["computed"]))
    node(graph, "Conv").input[1] = "computed"


def in_a_circle(graph: Any) -> None:
    node(graph, "Relu").input[0] = "n4_0"


def external(graph: Any) -> None:
    tensor = graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (branching, "goes on from 'n1_0' to 2 nodes"),
        (computed, "computes 'computed', where AlexNet has weights"),
        (external, "its weights lie in another file (ONNX's external data)"),
        (lambda graph: graph.input.add(name="mask"), "its graph has 2 inputs"),
        (lambda graph: graph.ClearField("node"), "it ends where there is a convolution (conv1)"),
        (lambda graph: graph.initializer[0].dims.append(7), "is no ONNX file, or is damaged"),
    ],
)
def test_other_graphs_are_one_line(tmp_path: Path, change: Callable[[Any], None], told: str) -> None:
    with pytest.raises(UserError) as refused:
        imported(tmp_path, changed(change))
    assert told in str(refused.value)
    assert str(refused.value).isprintable()


def test_a_circle_comes_to_an_end(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        imported(tmp_path, changed(in_a_circle))


def test_a_file_cut_anywhere_is_one_line(tmp_path: Path) -> None:
    whole = zoo(random_weights(width=1 / 48)).SerializeToString()
    for length in range(1, len(whole), len(whole) // 60):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut[^\n]*$"):
            read_published(tmp_path / "cut")


def test_a_graph_of_more_fields_than_a_network_has_is_not_built(tmp_path: Path) -> None:
    graph = b"\x0a\x00" * 200_000
    length = len(graph)
    header = bytes([length & 127 | 128, length >> 7 & 127 | 128, length >> 14])
    (tmp_path / "a.onnx").write_bytes(b"\x08\x07\x3a" + header + graph)
    with pytest.raises(UserError, match="more than 100,000 fields"):
        read_published(tmp_path / "a.onnx")


def test_the_preparation_is_told_of_graphs_only() -> None:
    with pytest.raises(UserError, match="--preparation caffe is for ONNX graphs"):
        read_published(FILES / "zipped.pth", Preparation.CAFFE)
