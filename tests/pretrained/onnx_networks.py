"""AlexNets as ONNX graphs, the way different programs write them."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.pretrained.networks import Weights


class Builder:
    """Adds nodes one behind another."""

    def __init__(self, opset: int = 12, constants: bool = False) -> None:
        self.opset = opset
        self.constants = constants
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.last = "data_0"

    def add(self, kind: str, *others: str, outputs: int = 1, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        names = [f"{name}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, [self.last, *others], names, name=name, **attributes))
        self.last = names[0]
        return self.last

    def tensor(self, array: NDArray[Any]) -> str:
        name = f"w{len(self.nodes)}_{len(self.initializers)}"
        held = numpy_helper.from_array(np.array(array, order="C"), name)
        if self.constants:
            self.nodes.append(helper.make_node("Constant", [], [name], value=held))
        else:
            self.initializers.append(held)
        return name

    def model(self, side: int, classes: int, channels_last: bool = False) -> Any:
        shape = (1, side, side, 3) if channels_last else (1, 3, side, side)
        ends = [
            helper.make_tensor_value_info("data_0", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info(self.last, TensorProto.FLOAT, (1, classes)),
        ]
        # Until IR version 4, weights are inputs as well.
        known = [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self.initializers]
        inputs = [ends[0], *(known if self.opset < 9 else [])]
        graph = helper.make_graph(self.nodes, "AlexNet", inputs, ends[1:], self.initializers)
        versions = {"opset_imports": [helper.make_opsetid("", self.opset)], "ir_version": 3 if self.opset < 9 else 7}
        model = helper.make_model(graph, **versions)
        onnx.checker.check_model(model)
        return model


def zoo(weights: Weights, opset: int = 12, side: int = 224, caffenet: bool = False) -> Any:
    """As the zoo's `bvlcalexnet` and `caffenet`, Caffe's by way of Caffe2: pools keep Caffe's rounding up as pads."""
    made = Builder(opset)
    for number, (pad, group) in enumerate(((0, 1), (2, 2), (1, 1), (1, 2), (1, 2)), start=1):
        kernel, bias = weights[f"conv{number}"]
        size = kernel.shape[-1]
        made.add(
            *("Conv", made.tensor(kernel), made.tensor(bias)),
            kernel_shape=[size, size],
            strides=[4 if number == 1 else 1] * 2,
            pads=[pad] * 4,
            group=group,
        )
        made.add("Relu")
        steps = [lrn, caffes_pool] if number < 3 else [caffes_pool] if number == 5 else []
        for step in reversed(steps) if caffenet else steps:
            step(made)
    flattened(made, weights["fc6"][0].shape[1])
    for name in ("fc6", "fc7", "fc8"):
        kernel, bias = weights[name]
        older = {"broadcast": 1} if opset < 7 else {}
        made.add("Gemm", made.tensor(kernel), made.tensor(bias), transB=1, **older)
        if name != "fc8":
            made.add("Relu")
            dropped(made)
    made.add("Softmax", axis=1)
    return made.model(side, len(weights["fc8"][1]))


def lrn(made: Builder, k: float = 1.0, alpha: float = 1e-4) -> None:
    made.add("LRN", size=5, alpha=alpha, beta=0.75, bias=k)


def caffes_pool(made: Builder) -> None:
    made.add("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])


def flattened(made: Builder, units: int) -> None:
    shape = np.array([1, units], np.int64)
    if made.opset < 5:
        made.add("Reshape", shape=shape.tolist())
    else:
        made.add("Reshape", made.tensor(shape))


def dropped(made: Builder) -> None:
    """Until opset 12 the share is an attribute; until 7 whether it is a test is one, too."""
    if made.opset >= 12:
        made.add("Dropout", made.tensor(np.array(0.5, np.float32)))
    elif made.opset >= 7:
        made.add("Dropout", ratio=0.5)
    else:
        made.add("Dropout", ratio=0.5, is_test=1)
