"""Caffe's own `.caffemodel`: bvlc_alexnet and CaffeNet, and networks that were trained further from them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.caffe_messages import net_parameter
from alexnet_pipe.pretrained.published import (
    LAYERS,
    Array,
    Layer,
    Published,
    channels_last,
    fitting_width,
    inputs_by_place,
)
from alexnet_pipe.pretrained.wire_format import check_fields

# python/caffe/imagenet/ilsvrc_2012_mean.npy, averaged over the pixels of each channel, as Caffe's own examples use it.
MEAN_BGR = (104.00698793, 116.66876762, 122.67891434)

_TYPES = {4: "Convolution", 14: "InnerProduct", 15: "LRN", 17: "Pooling"}
"""What the old form has numbers for (`V1LayerParameter.LayerType`)."""

_FRONT = {"bvlc": ("LRN", "Pooling"), "caffenet": ("Pooling", "LRN")}
_ORDERS = {
    ("Convolution", *front, "Convolution", *front, *["Convolution"] * 3, "Pooling", *["InnerProduct"] * 3): variant
    for variant, front in _FRONT.items()
}
"""The layers that matter, in the files' order (models/bvlc_alexnet and models/bvlc_reference_caffenet)."""

_CONVOLUTIONS = {
    "conv1": {"stride": 4, "pad": 0, "group": 1},
    "conv2": {"stride": 1, "pad": 2, "group": 2},
    "conv3": {"stride": 1, "pad": 1, "group": 1},
    "conv4": {"stride": 1, "pad": 1, "group": 2},
    "conv5": {"stride": 1, "pad": 1, "group": 2},
}
_POOLING = {"pool": 0, "kernel_size": 3, "stride": 2}
_LRN = {"local_size": 5, "alpha": 1e-4, "beta": 0.75, "norm_region": 0, "k": 1.0}
"""Caffe divides alpha by local_size; the variants `bvlc` and `caffenet` say it that way."""


def read_caffemodel(content: bytes) -> Published:
    """The weights in the bytes of a `.caffemodel`.

    Raises:
        UserError: if it holds another network, or one with other settings.
        Exception: of any kind, if it is damaged or another file.
    """
    message = net_parameter()
    check_fields(content, message.DESCRIPTOR)
    net = message.FromString(content)
    layers = [layer for layer in net.layer or net.layers if _type(layer) in _TYPES.values() or layer.blobs]
    if not layers:
        raise ValueError("no layers in it")
    order = tuple(map(_type, layers))
    if order not in _ORDERS:
        raise UserError(f"its layers are {_listed(order)}: neither bvlc_alexnet's nor CaffeNet's")
    variant = _ORDERS[order]
    _check_settings(layers)
    weighted = dict(
        zip(LAYERS, (layer for layer in layers if _type(layer) in ("Convolution", "InnerProduct")), strict=True)
    )
    weights = {name: channels_last(_weights(name, layer)) for name, layer in weighted.items()}
    width = fitting_width(weights, variant)
    renamed = [f"{layer.name!r} taken as {name}" for name, layer in weighted.items() if layer.name != name]
    return from_caffe(
        f".caffemodel, `{'layer' if net.layer else 'layers'}`",
        variant,
        width,
        weights | {"fc6": inputs_by_place(weights["fc6"])},
        (*renamed, "fc6's inputs reordered from channel, height, width to height, width, channel"),
    )


def from_caffe(
    form: str, variant: str, width: float, layers: Mapping[str, Layer], remarks: tuple[str, ...]
) -> Published:
    """Weights that took BGR, as OpenCV reads photographs, less Caffe's mean; the photographs were warped to 256×256.

    `tools/convert_imageset.cpp` resizes to 256×256 whatever the aspect (`cv::resize` in `src/caffe/util/io.cpp`).
    """
    conv1 = layers["conv1"]
    blue, green, red = MEAN_BGR
    return Published(
        format=form,
        variant=variant,
        width=width,
        layers={name: layers[name] for name in LAYERS} | {"conv1": Layer(conv1.kernel[:, :, ::-1], conv1.bias)},
        mean=(red, green, blue),
        policy="squash",
        remarks=(
            *remarks,
            "conv1 flipped from BGR to RGB",
            f"mean of ILSVRC2012 by channel, R {red:.3f}, G {green:.3f}, B {blue:.3f}",
            "photographs are squashed to 256×256, as Caffe's convert_imageset does",
        ),
    )


def _type(layer: Any) -> str:
    return layer.type if isinstance(layer.type, str) else _TYPES.get(layer.type, f"number {layer.type}")


def _listed(order: tuple[str, ...]) -> str:
    first = ", ".join(name[:40] if name.isprintable() else ascii(name)[:40] for name in order[:12])
    return f"{first}{', …' if len(order) > 12 else ''}"


def _check_settings(layers: list[Any]) -> None:
    convolutions = iter(_CONVOLUTIONS.values())
    for layer in layers:
        match _type(layer):
            case "Convolution":
                settings = layer.convolution_param
                found = {"stride": [*settings.stride, 1][0], "pad": [*settings.pad, 0][0], "group": settings.group}
                _check(layer.name, found, next(convolutions))
            case "Pooling":
                _check(layer.name, {name: getattr(layer.pooling_param, name) for name in _POOLING}, _POOLING)
            case "LRN":
                _check(layer.name, {name: getattr(layer.lrn_param, name) for name in _LRN}, _LRN)


def _check(layer: str, found: Mapping[str, float], expected: Mapping[str, float]) -> None:
    for name, value in expected.items():
        if not np.isclose(found[name], value, rtol=1e-5, atol=0):
            raise UserError(
                f"{layer!r} has {name} {found[name]:g}, and Caffe's own models have {value:g}: it is another network"
            )


def _weights(name: str, layer: Any) -> Layer:
    if len(layer.blobs) != 2:
        raise UserError(
            f"{name}: {len(layer.blobs)} blobs, not a kernel and a bias: it holds no weights, or is damaged"
        )
    kernel, bias = layer.blobs
    return Layer(_array(name, kernel, axes=4 if name in _CONVOLUTIONS else 2), _array(name, bias, axes=1))


def _array(name: str, blob: Any, axes: int) -> Array:
    """A blob without the leading axes of length 1 that the old form gives to all: there are four of them."""
    dims = list(blob.shape.dim) or [blob.num, blob.channels, blob.height, blob.width]
    while len(dims) > axes and dims[0] == 1:
        dims.pop(0)
    numbers: Array = (
        np.frombuffer(b"".join(blob.data), "<f4") if blob.data else np.frombuffer(b"".join(blob.double_data), "<f8")
    )
    if min(dims) < 0 or numbers.size != math.prod(dims):
        raise UserError(f"{name}: {numbers.size} numbers for {'×'.join(map(str, dims))}: the file is damaged")
    return numbers.reshape(dims)
