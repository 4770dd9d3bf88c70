"""Random weights at an eighth of the width, in the layout of Caffe and PyTorch, and files of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf.message_factory import GetMessageClass
from numpy.typing import NDArray

from alexnet_pipe.pretrained.caffe_messages import net_parameter

Weights = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]

CLASSES = 7
WIDTH = 0.125

BVLC = "CNPCNPCCCPFFF"
CAFFENET = "CPNCPNCCCPFFF"
"""The layers of the two prototxt files: convolution, normalization, pooling, fully connected."""

_BACK = ("conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8")
_NAMES = {
    BVLC: ("conv1", "norm1", "pool1", "conv2", "norm2", "pool2", *_BACK),
    CAFFENET: ("conv1", "pool1", "norm1", "conv2", "pool2", "norm2", *_BACK),
}
_TYPES = {"C": ("Convolution", 4), "N": ("LRN", 15), "P": ("Pooling", 17), "F": ("InnerProduct", 14)}
_STRIDE_PAD_GROUP = {"conv1": (4, 0, 1), "conv2": (1, 2, 2), "conv3": (1, 1, 1), "conv4": (1, 1, 2), "conv5": (1, 1, 2)}


def random_weights(seed: int = 0, width: float = WIDTH, classes: int = CLASSES) -> Weights:
    """Kernels `(out, in, height, width)` or `(out, in)`.

    conv1 and conv2 give tens, so that response normalization matters; from conv3 on, it is units.
    """
    one, two, three, hidden = (round(units * width) for units in (96, 256, 384, 4096))
    shapes = {
        "conv1": (one, 3, 11, 11),
        "conv2": (two, one // 2, 5, 5),
        "conv3": (three, two, 3, 3),
        "conv4": (three, three // 2, 3, 3),
        "conv5": (two, three // 2, 3, 3),
        "fc6": (hidden, two * 36),
        "fc7": (hidden, hidden),
        "fc8": (classes, hidden),
    }
    random = np.random.default_rng(seed)

    scales = {"conv1": 0.5, "conv3": 1 / 30}

    def drawn(name: str, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        deviation = scales.get(name, 1.0) * np.sqrt(2 / np.prod(shape[1:]))
        kernel = random.standard_normal(shape, np.float32) * np.float32(deviation)
        return kernel, random.uniform(-0.1, 0.1, shape[0]).astype(np.float32)

    return {name: drawn(name, shape) for name, shape in shapes.items()}


def caffe_net(weights: Weights, order: str = BVLC, old: bool = False) -> Any:
    """The message in a `.caffemodel`; `old` is the form with `layers`, whose blobs have four axes each."""
    net = net_parameter()(name="AlexNet")
    for letter, name in zip(order, _NAMES[order], strict=True):
        layer = net.layers.add() if old else net.layer.add()
        layer.name = name
        layer.type = _TYPES[letter][old]
        if letter == "C":
            stride, pad, group = _STRIDE_PAD_GROUP[name]
            layer.convolution_param.MergeFrom(_message("ConvolutionParameter", stride=[stride], pad=[pad], group=group))
        if letter == "N":
            layer.lrn_param.MergeFrom(_message("LRNParameter", local_size=5, alpha=1e-4, beta=0.75))
        if letter == "P":
            layer.pooling_param.MergeFrom(_message("PoolingParameter", pool=0, kernel_size=3, stride=2))
        for array in weights.get(name, ()):
            _fill(layer.blobs.add(), array, old)
    return net


def prototxt(weights: Weights, order: str = BVLC) -> str:
    """The deploy.prototxt of models/bvlc_alexnet or models/bvlc_reference_caffenet, with these weights' widths."""
    text = 'name: "AlexNet"\nlayer { name: "data" type: "Input" top: "data"\n'
    text += "  input_param { shape: { dim: 1 dim: 3 dim: 227 dim: 227 } } }\n"
    below = "data"
    for letter, name in zip(order, _NAMES[order], strict=True):
        text += f'layer {{ name: "{name}" type: "{_TYPES[letter][0]}" bottom: "{below}" top: "{name}"\n'
        text += f"  {_parameters(letter, name, weights)} }}\n"
        below = name
        if letter in "CF" and name != "fc8":
            text += f'layer {{ name: "relu{name[-1]}" type: "ReLU" bottom: "{name}" top: "relu{name[-1]}" }}\n'
            below = f"relu{name[-1]}"
    return text + 'layer { name: "prob" type: "Softmax" bottom: "fc8" top: "prob" }\n'


def torchvision_names(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """A state dict as torchvision's `alexnet` names it."""
    names = (*(f"features.{number}" for number in (0, 3, 6, 8, 10)), *(f"classifier.{number}" for number in (1, 4, 6)))
    return {
        f"{name}.{part}": array
        for name, arrays in zip(names, weights.values(), strict=True)
        for part, array in zip(("weight", "bias"), arrays, strict=True)
    }


def _parameters(letter: str, name: str, weights: Weights) -> str:
    match letter:
        case "C":
            out, _, size, _ = weights[name][0].shape
            stride, pad, group = _STRIDE_PAD_GROUP[name]
            numbers: Mapping[str, int] = {
                "num_output": out,
                "kernel_size": size,
                "stride": stride,
                "pad": pad,
                "group": group,
            }
            return f"convolution_param {{ {' '.join(f'{key}: {value}' for key, value in numbers.items())} }}"
        case "N":
            return "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }"
        case "P":
            return "pooling_param { pool: MAX kernel_size: 3 stride: 2 }"
        case _:
            return f"inner_product_param {{ num_output: {len(weights[name][1])} }}"


def _message(name: str, **fields: Any) -> Any:
    return GetMessageClass(net_parameter().DESCRIPTOR.file.message_types_by_name[name])(**fields)


def _fill(blob: Any, array: NDArray[np.float32], old: bool) -> None:
    blob.data.append(array.astype("<f4").tobytes())
    if old:
        blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - array.ndim) + array.shape
    else:
        blob.shape.dim.extend(array.shape)
