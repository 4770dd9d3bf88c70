"""MatConvNet's `.mat` files, as `imagenet-caffe-alex.mat`: read by SciPy, once the sizes in them can be believed."""

import io
import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.io import loadmat

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.paper import SIDE
from alexnet_pipe.pretrained.caffemodel import MEAN_BGR
from alexnet_pipe.pretrained.links import Link, layers_of, variant_of
from alexnet_pipe.pretrained.published import Array, Published

START = b"MATLAB 5.0"

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _TEXT, _FIRST_NUMBER, _LAST_NUMBER = 1, 2, 4, 6, 15
_MOST_ELEMENTS, _DEEPEST = 200_000, 16
_MOST_NUMBERS = 2**27
"""Twice what AlexNet has."""
_LARGEST = 2**30

_PASSED = ("dropout", "softmax", "softmaxloss")
_ODD = 1000
"""Stands for pads that differ between the sides."""


def read_matconvnet(content: bytes) -> Published:
    """The weights in the bytes of a `.mat` file with a `layers` cell, by itself or in a struct `net`.

    MatConvNet's imports take RGB, and their fully connected layers are convolutions.

    Raises:
        UserError: if it holds another network, or something else than a network.
        Exception: of any kind, if it is damaged.
    """
    _Sizes(content).check()
    names = ["layers", "meta", "net", "classes", "normalization"]
    held: Any = loadmat(io.BytesIO(content), variable_names=names, chars_as_strings=True)
    if "net" in held:
        held = {name: _field(held["net"], name) for name in names}
    if held.get("layers") is None:
        raise UserError("it holds no layers, as MatConvNet's networks do: it is another file of MATLAB")
    links = list(_links(held["layers"].ravel()))
    variant, width = variant_of(links)
    meta = held.get("meta")
    normalization = _field(meta, "normalization") if meta is not None else held.get("normalization")
    mean, said = _mean(normalization)
    keeps = normalization is None or _field(normalization, "keepAspect") in (None, 1)
    return Published(
        format=".mat of MatConvNet",
        variant=variant,
        width=width,
        layers=layers_of(links),
        mean=mean,
        policy="crop" if keeps else "squash",
        remarks=(said, "conv1 takes RGB: MatConvNet has flipped it"),
        names=_names(_field(meta, "classes") if meta is not None else held.get("classes")),
    )


class _Sizes:
    """What a file claims of the arrays in it, held against how many bytes there are."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.order = "<" if content[126:128] == b"IM" else ">"
        self.elements, self.numbers, self.inflated = 0, 0, 0

    def check(self) -> None:
        """
        Raises:
            ValueError: if an array is larger than its bytes, or there are more than a network needs.
            UserError: if it holds objects or functions.
        """
        self._check(memoryview(self.content)[_HEADER:], depth=0)

    def _check(self, data: memoryview, depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("cells in cells without an end")
        for kind, body in self._parts(data):
            if kind == _COMPRESSED:
                self._check(memoryview(self._whole(body)), depth + 1)
            elif kind == _MATRIX and len(body):
                self._matrix(body, depth)

    def _matrix(self, body: memoryview, depth: int) -> None:
        parts = self._parts(body)
        (_, flags), (_, dims) = next(parts), next(parts)
        kind = struct.unpack_from(f"{self.order}I", flags)[0] & 255
        if kind not in (_CELL, _STRUCT, _TEXT) and not _FIRST_NUMBER <= kind <= _LAST_NUMBER:
            raise UserError("it holds objects of MATLAB, and weights alone do not need that: save the network's arrays")
        count = math.prod(struct.unpack(f"{self.order}{len(dims) // 4}i", dims))
        self.numbers += count
        if not 0 <= count <= len(body) or self.numbers > _MOST_NUMBERS:
            raise ValueError("an array that is larger than its bytes, or than a network's")
        if kind in (_CELL, _STRUCT):
            self._check(body, depth + 1)

    def _parts(self, data: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Kind and bytes of each element."""
        at = 0
        while at + 8 <= len(data):
            self.elements += 1
            kind, size = struct.unpack_from(f"{self.order}2I", data, at)
            small = kind >> 16
            start, size = (at + 4, small) if small else (at + 8, size)
            if self.elements > _MOST_ELEMENTS or start + size > len(data):
                raise ValueError("an element that is longer than the file, or more than a network needs")
            kind &= 0xFFFF
            yield kind, data[start : start + size]
            at = at + 8 if small else start + size + (-size % 8 if kind != _COMPRESSED else 0)

    def _whole(self, packed: memoryview) -> bytes:
        inflate = zlib.decompressobj()
        whole = inflate.decompress(packed, _LARGEST - self.inflated + 1)
        self.inflated += len(whole)
        if self.inflated > _LARGEST:
            raise ValueError("it swells to more than 1 GiB")
        return whole


def _links(layers: Any) -> Iterator[Link]:
    channels = 3
    for layer in layers:
        kind, name = _text(_field(layer, "type")), _text(_field(layer, "name"))
        if kind == "conv":
            link = _convolution(layer, name, channels)
            channels = len(link.kernel) if link.kernel is not None else channels
            yield link
        elif kind == "relu":
            yield Link("relu", name)
        elif kind in ("normalize", "lrn"):
            size, k, alpha, beta = _numbers(_field(layer, "param"))
            yield Link("lrn", name, {"size": size, "k": k, "alpha": alpha, "beta": beta})
        elif kind == "pool" and _text(_field(layer, "method")) in ("", "max"):
            sides = {*_numbers(_field(layer, "pool"))}
            yield Link("pool", name, {"size": min(sides) if len(sides) == 1 else 0, "ceil": 0, **_steps(layer)})
        elif kind == "pool":
            yield Link(f"{_text(_field(layer, 'method'))} pooling", name)
        elif kind not in _PASSED:
            yield Link(kind or "a layer without a type", name)


def _convolution(layer: Any, name: str, channels: int) -> Link:
    weights = _field(layer, "weights")
    filters, biases = (_field(layer, "filters"), _field(layer, "biases")) if weights is None else weights.ravel()
    # MATLAB leaves out a last axis of length 1.
    kernel: Any = np.asarray(filters).reshape(*filters.shape, *[1] * (4 - filters.ndim))
    height, width, inputs, outputs = kernel.shape
    if (height, width) in ((6, 6), (1, 1)):
        return Link("fc", name, {}, kernel.reshape(-1, outputs).T, np.asarray(biases).ravel())
    settings = {**_steps(layer), "size": height, "group": channels / inputs}
    return Link("conv", name, settings, kernel.transpose(3, 2, 0, 1), np.asarray(biases).ravel())


def _steps(layer: Any) -> dict[str, float]:
    """Stride and pads; MatConvNet has one number, or two, or the pads of top, bottom, left and right."""
    pads, strides = _numbers(_field(layer, "pad")) or [0.0], {*_numbers(_field(layer, "stride"))} or {1.0}
    top, bottom, left, right = pads * 4 if len(pads) == 1 else pads
    alike = (top, bottom) == (left, right) and len(strides) == 1
    return {"stride": min(strides), "before": top if alike else _ODD, "after": bottom if alike else _ODD}


def _mean(normalization: Any) -> tuple[tuple[float, float, float] | Array, str]:
    """The mean of each channel; or an image, whose middle is the file's, with its edges drawn out to 256 pixels."""
    average = None if normalization is None else _field(normalization, "averageImage")
    if average is None or not average.size:
        blue, green, red = MEAN_BGR
        return (red, green, blue), f"mean of ILSVRC2012 by channel, R {red:.3f}, G {green:.3f}, B {blue:.3f}"
    if average.size == 3:
        red, green, blue = map(float, average.ravel())
        return (red, green, blue), f"the file's mean, R {red:.3f}, G {green:.3f}, B {blue:.3f}"
    height, width, _ = average.shape
    ends = [((SIDE - side) // 2, SIDE - side - (SIDE - side) // 2) for side in (height, width)]
    image: Array = np.pad(np.asarray(average, np.float32), (*ends, (0, 0)), mode="edge")
    return image, f"the file's mean image of {height}×{width} pixels, its edges drawn out to {SIDE}×{SIDE}"


def _names(classes: Any) -> tuple[str, ...]:
    """WordNet number and words of each class, or what there is of them."""
    columns = [] if classes is None else [_field(classes, name) for name in ("name", "description")]
    texts = [[*map(_text, column.ravel())] for column in columns if column is not None]
    names = tuple(" ".join(filter(None, parts)) for parts in zip(*texts, strict=False))
    return names if len(set(names)) == len(names) else ()


def _field(held: Any, name: str) -> Any:
    """A field of a struct, or nothing."""
    if held is None or held.dtype.names is None or name not in held.dtype.names or not held.size:
        return None
    return held[name].ravel()[0]


def _text(found: Any) -> str:
    return str(found.ravel()[0]) if found is not None and found.size and found.dtype.kind == "U" else ""


def _numbers(found: Any) -> list[float]:
    return [] if found is None else [float(number) for number in found.ravel()]
