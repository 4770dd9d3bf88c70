"""AlexNet as an ONNX graph of standard operations, for any runtime: 256×256 images in, probabilities out."""

import json
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.params.model import EPSILON, WINDOW
from alexnet_pipe.portable.description import Notes
from alexnet_pipe.portable.graph_parts import LARGEST_INTEGER, GraphParts
from alexnet_pipe.portable.stored_model import Stored, notes_of, weights_digest
from alexnet_pipe.portable.stored_weights import MEAN

IMAGES, VIEW = "images", "view"
PROBABILITIES, LOGITS, FEATURES = "probabilities", "logits", "features"
OUTPUTS = (PROBABILITIES, LOGITS, FEATURES)

CENTRE = (((SIDE - CROP) // 2, (SIDE - CROP) // 2), False)
"""The view of an exported graph: row and column of the crop, and whether it is mirrored."""

ROUNDED_DIGEST = "rounded_digest"
"""In the metadata, of kernels that are not float32: `weights_digest` of the numbers in the graph."""

_OPSET, _IR = 17, 8
"""Of 2022: runtimes of the last years read them."""


def onnx_graph(
    stored: Stored, outside: dict[str, NDArray[np.float32]] | None = None, notes: Notes | None = None
) -> onnx.ModelProto:
    """The classifier: `images`, uint8 `(n, 256, 256, 3)`, RGB, to the outputs in `OUTPUTS`, of the centre view.

    `probabilities` and `logits` are float32 `(n, classes)`, `features`, fc7 after its ReLU, float32 `(n, units)`. Class
    names, how a photograph becomes 256×256, and which AlexNet it is, are JSON in the metadata: the fields of `Notes`.

    If `outside` is given, the kernels of the fully connected layers are put there, by their names in the graph, for a
    runtime that takes them from memory: they are nearly all bytes.

    What `portable.rounded` made needs the `notes` of the weights that it was made of. Kernels in float16 are cast where
    they are used; with kernels in int8 response normalization and softmax alone compute in float32.
    """
    builder = _Builder(stored, outside)
    builder.logits(builder.pixels())
    builder.add("Softmax", [builder.tempered(LOGITS)], PROBABILITIES, axis=1)
    classes, units = (len(stored.arrays[name]) for name in ("fc8.1", "fc8.0"))
    ends = {PROBABILITIES: classes, LOGITS: classes, FEATURES: units}
    graph = helper.make_graph(
        builder.nodes,
        "alexnet",
        [helper.make_tensor_value_info(IMAGES, TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in ends.items()],
        builder.constants,
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, producer_name="alexnet-pipe", opset_imports=[opset], ir_version=_IR)
    said = (notes or notes_of(stored)).model_dump()
    if builder.is_rounded:
        said[ROUNDED_DIGEST] = weights_digest(stored.arrays.values())
    helper.set_model_props(model, {name: json.dumps(value) for name, value in said.items()})
    return model


class _Builder(GraphParts):
    """Layer after layer."""

    def pixels(self) -> str:
        """The view less the mean image where it was cut, mirrored if it is to be, channels first."""
        self.integers(VIEW, *CENTRE[0], CENTRE[1])
        self.add("Slice", [VIEW, self.integers("zero", 0), self.integers("two", 2)], "start")
        self.add("Add", ["start", self.integers("crop", CROP)], "end")
        self.add("Slice", [IMAGES, "start", "end", self.integers("of_images", 1, 2)], "crops")
        self.constant("mean", self.arrays[MEAN])
        self.add("Slice", ["mean", "start", "end", self.integers("of_mean", 0, 1)], "mean_of_crops")
        self.add("Cast", ["crops"], "grey_levels", to=TensorProto.FLOAT)
        self.add("Sub", ["grey_levels", "mean_of_crops"], "centred")
        return self.handed_on(self.add("Transpose", [self.mirrored("centred")], "pixels", perm=[0, 3, 1, 2]))

    def mirrored(self, x: str) -> str:
        """`x`, or if the view says 1 its columns from the last to the first, which a slice takes in steps of -1."""
        self.add("Slice", [VIEW, "two", self.integers("three", 3)], "mirror")
        self.add("Neg", ["mirror"], "first")
        self.add("Sub", [self.integers("one", 1), self.add("Mul", ["mirror", "two"], "twice")], "step")
        self.add("Mul", ["step", self.integers("beyond", 2 * CROP)], "last")
        return self.add("Slice", [x, "first", "last", "two", "step"], "mirrored")

    def logits(self, x: str) -> str:
        x, pads = self.seen(x)
        x = self.normalized_pool(self.convolution(x, "conv1", strides=[4, 4], pads=pads), "1")
        x = self.normalized_pool(self.convolution(x, "conv2"), "2")
        for name in ("conv3", "conv4", "conv5"):
            x = self.convolution(x, name)
        x = self.moved("Transpose", self.pool(x, "5"), "channels_last", perm=[0, 2, 3, 1])
        x = self.moved("Flatten", x, "flatten")
        x = self.hidden(x, "fc6", "relu6")
        x = self.hidden(x, "fc7", FEATURES)
        return self.dense(x, "fc8", LOGITS)

    def tempered(self, logits: str) -> str:
        """Logits for the softmax; those from before there were temperatures have no operation more."""
        if self.temperature == 1:
            return logits
        return self.add("Div", [logits, self.constant("temperature", np.float32(self.temperature))], "tempered")

    def seen(self, x: str) -> tuple[str, list[int]]:
        """The middle of the view, if the variant sees no more, and how many zeros conv1 has around it instead."""
        if self.variant.seen == CROP:
            return x, [0, 0, 0, 0]
        before, after = (CROP - self.variant.seen + 1) // 2, (CROP - self.variant.seen) // 2
        ends = [self.integers("from", before, before), self.integers("to", CROP - after, CROP - after)]
        seen = self.moved("Slice", x, "seen", *ends, self.integers("of_pixels", 2, 3))
        return seen, [before, before, after, after]

    def convolution(self, x: str, name: str, **attributes: Any) -> str:
        height, width, _, _ = self.arrays[f"{name}.0"].shape
        groups = self.variant.towers if name in ("conv2", "conv4", "conv5") else 1
        inputs = [self.read(x, f"{name}.in"), self.kernel(name), self.bias(x, name)]
        window = {"strides": [1, 1], "pads": [height // 2, width // 2] * 2, **attributes}
        x = self.add("Conv", inputs, name, kernel_shape=[height, width], group=groups, **window)
        return self.activated(x, name, f"relu{name[-1]}")

    def activated(self, x: str, layer: str, name: str) -> str:
        norm = f"norm{layer[-1]}"
        if f"{norm}.0" in self.arrays:
            parts = [self.constant(f"{norm}.{part}", self.arrays[f"{norm}.{part}"]) for part in range(4)]
            x = self.add("BatchNormalization", [x, *parts], norm, epsilon=EPSILON)
        return self.handed_on(self.add("Relu", [x], name))

    def normalized_pool(self, x: str, number: str) -> str:
        if self.variant.normalization != "response":
            return self.pool(x, number)
        if self.variant.pool_first:
            return self.normalized(self.pool(x, number), number)
        return self.pool(self.normalized(x, number), number)

    def normalized(self, x: str, number: str) -> str:
        """Response normalization; the sum over the window is a 1×1 convolution, twice as fast as ONNX' own LRN."""
        name = f"norm{number}"
        x = self.read(x, f"{name}.in")
        squares = self.handed_on(self.add("Mul", [x, x], f"{name}.squares"))
        inputs = [self.read(squares, f"{name}.squared"), *self.window(name, self.arrays[f"conv{number}.0"].shape[-1])]
        scale = self.handed_on(self.add("Conv", inputs, f"{name}.scale", kernel_shape=[1, 1]))
        scale = self.read(scale, f"{name}.scaled")
        root = self.add("Sqrt", [scale], f"{name}.root")
        power = self.add("Sqrt", [self.add("Mul", [scale, root], f"{name}.product")], f"{name}.power")
        return self.handed_on(self.add("Div", [x, power], name))

    def window(self, norm: str, channels: int) -> list[str]:
        """The kernel that sums the squares of neighbouring channels, and the constant that is added."""
        near = np.tri(channels, k=WINDOW // 2, dtype=np.float32)
        window = (near * near.T)[:, :, None, None]
        name, added = f"{norm}.window", f"{norm}.k"
        if not self.is_integer:
            k = np.full(channels, self.variant.k, np.float32)
            return [self.constant(name, np.float32(self.variant.alpha) * window), self.constant(added, k)]
        step = np.float32(self.variant.alpha / LARGEST_INTEGER)
        sums = self.arrays[f"{norm}.squares.step"] * step
        k = np.full(channels, np.clip(np.rint(np.float32(self.variant.k) / sums), 0, 2**30), np.int32)
        kernel = (LARGEST_INTEGER * window).astype(np.int8)
        return [
            self.dequantized(name, kernel, np.full(channels, step)),
            self.dequantized(added, k, np.full(channels, sums)),
        ]

    def pool(self, x: str, number: str) -> str:
        window = [self.variant.window] * 2
        return self.moved("MaxPool", x, f"pool{number}", kernel_shape=window, strides=[2, 2])

    def hidden(self, x: str, layer: str, name: str) -> str:
        return self.activated(self.dense(x, layer, layer), layer, name)

    def dense(self, x: str, layer: str, name: str) -> str:
        return self.add("Gemm", [self.read(x, f"{layer}.in"), self.kernel(layer), self.bias(x, layer)], name)
