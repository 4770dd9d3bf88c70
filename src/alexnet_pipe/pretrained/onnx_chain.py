"""An ONNX graph as the chain of layers that it is: what changes nothing left out, what is spread over nodes joined.

Nothing in the file is run. Names mean nothing here: a node's operation, settings and weights do.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.links import Link
from alexnet_pipe.pretrained.published import Array

_PASSED = ("Identity", "Dropout", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze")
"""What moves numbers, or does nothing when a network is not trained."""
_CHANNELS_FIRST, _CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_OTHERWISE_PADDED = 1000


class Chain:
    """The layers of a graph from its input to its output.

    Attributes:
        links: The layers, in order.
        side: Height of the images that the graph takes, or nothing if any.
        by_place: Whether the first fully connected layer's inputs stand in height, width, channel order.
        folded: How many batch normalizations went into the layers before them.
    """

    def __init__(self, graph: Any) -> None:
        """
        Args:
            graph: onnx's `GraphProto`.

        Raises:
            UserError: if its weights lie in other files, or it has not one input.
        """
        self.by_place, self.folded = False, 0
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._readers: dict[str, list[Any]] = defaultdict(list)
        self._left = len(graph.node)
        for node in graph.node:
            if node.op_type == "Constant":
                held = [attribute.t for attribute in node.attribute if attribute.name == "value"]
                self._tensors |= dict(zip(node.output, held, strict=False))
            elif node.op_type != "Shape":  # How many images there are.
                for value in filter(None, dict.fromkeys(node.input)):
                    self._readers[value].append(node)
        inputs = [value for value in graph.input if value.name not in self._tensors]
        if len(inputs) != 1:
            raise UserError(f"its graph has {len(inputs)} inputs, and a classifier of images has one")
        dims = [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim]
        self.links, _ = self._followed(inputs[0].name)
        # Of channels first or last, the second number is no channel either way.
        self.side = dims[2] if len(dims) == 4 and dims[2] > 0 else None

    def _followed(self, value: str) -> tuple[list[Link], Any]:
        """The layers behind `value`, up to the end or to a concatenation, which is given, too."""
        links: list[Link] = []
        pads = (0, 0)
        while nodes := self._readers[value]:
            self._left -= 1
            if len(nodes) > 1 or self._left < 0:
                raise UserError(f"its graph goes on from {value[:60]!r} to {len(nodes)} nodes: no AlexNet does")
            (node,) = nodes
            if node.op_type == "Concat":
                return links, node
            given = {a.name: a for a in node.attribute}
            value, before = node.output[0], value
            if node.op_type == "Split":
                joined, value = self._towers(node)
                links += joined
            elif node.op_type == "Pad":
                pads = self._constant_pads(node, given)
            elif (added := self._layer(node, given, before, links)) is not None:
                links.append(_padded(added, pads))
                pads = (0, 0)
        return links, None

    def _layer(self, node: Any, given: Mapping[str, Any], value: str, links: list[Link]) -> Link | None:
        """The layer that a node is, or nothing if it passes its input on or went into the layer before."""
        reader: Callable[..., Link | None] | None = {
            "Conv": self._convolution,
            "Gemm": self._product,
            "MatMul": self._product,
        }.get(node.op_type)
        if reader is not None:
            return reader(node, given)
        last = links[-1] if links else None
        match node.op_type:
            case "Relu":
                return Link("relu", node.name)
            case "LRN":
                return Link("lrn", node.name, _response_normalization(given))
            case "MaxPool":
                return Link("pool", node.name, _window(given) | {"ceil": _number(given, "ceil_mode", 0)})
            case "Add" if last is not None and last.kernel is not None:
                other = next((name for name in node.input if name != value), "")
                links[-1] = replace(last, bias=_sum(last.bias, self._array(other)))
            case "BatchNormalization" if last is not None and last.kernel is not None:
                links[-1] = self._normalized(last, node, given)
                self.folded += 1
            case "Transpose" if tuple(given["perm"].ints) in (_CHANNELS_FIRST, _CHANNELS_LAST):
                self.by_place = tuple(given["perm"].ints) == _CHANNELS_LAST
            case "AveragePool" if set(_ints(given, "kernel_shape")) == {1}:
                pass
            case "Softmax" | "LogSoftmax" if not self._readers[node.output[0]]:
                pass
            case kind if kind not in _PASSED:
                return Link(kind, node.name)
        return None

    def _convolution(self, node: Any, given: Mapping[str, Any]) -> Link:
        kernel = self._array(node.input[1])
        bias = self._array(node.input[2]) if len(node.input) > 2 else None
        settings = _window(given, kernel.shape[2:]) | {"group": _number(given, "group", 1)}
        return Link("conv", node.name, settings, kernel, bias)

    def _product(self, node: Any, given: Mapping[str, Any]) -> Link:
        """`Gemm`: αAB + βC, where B may be transposed; or `MatMul`."""
        kernel = self._array(node.input[1])
        if kernel.ndim != 2 or _number(given, "transA", 0):
            return Link(node.op_type, node.name)
        kernel = kernel if _number(given, "transB", 0) else kernel.T
        bias = self._array(node.input[2]) if len(node.input) > 2 else None
        alpha, beta = (given[name].f if name in given else 1.0 for name in ("alpha", "beta"))
        scaled = None if bias is None else bias if beta == 1 else beta * bias
        return Link("fc", node.name, {}, kernel if alpha == 1 else alpha * kernel, scaled)

    def _normalized(self, link: Link, node: Any, given: Mapping[str, Any]) -> Link:
        """With the batch normalization behind it: as it is when nobody trains, a scale and a shift of each output."""
        scale, shift, mean, variance = (self._array(name).astype(np.float64) for name in node.input[1:5])
        factor = scale / np.sqrt(variance + (given["epsilon"].f if "epsilon" in given else 1e-5))
        kernel: Any = link.kernel
        bias = 0 if link.bias is None else link.bias
        around = factor.reshape(-1, *[1] * (kernel.ndim - 1))
        return replace(
            link, kernel=(kernel * around).astype(np.float32), bias=((bias - mean) * factor + shift).astype(np.float32)
        )

    def _towers(self, node: Any) -> tuple[list[Link], str]:
        """The layers of branches that do the same on their shares of the channels, and what they are joined to."""
        branches, ends = zip(*(self._followed(output) for output in node.output), strict=True)
        if None in ends or len({end.output[0] for end in ends}) != 1 or len({len(links) for links in branches}) != 1:
            return [Link(node.op_type, node.name)], ""
        return [_joined(links) for links in zip(*branches, strict=True)], ends[0].output[0]

    def _constant_pads(self, node: Any, given: Mapping[str, Any]) -> tuple[int, int]:
        """Of height and width; attributes in the older form, an input in the newer one."""
        named = next((given[name] for name in ("pads", "paddings") if name in given), None)
        ends = list(named.ints) if named is not None else [int(n) for n in self._array(node.input[1]).ravel()]
        filled = given["value"].f if "value" in given else 0.0
        if len(node.input) > 2 and node.input[2]:
            filled = float(self._array(node.input[2]).ravel()[0])
        top, left, bottom, right = (ends[place] for place in (2, 3, 6, 7))
        square = (top, bottom) == (left, right) and not filled
        return (top, bottom) if square else (_OTHERWISE_PADDED, _OTHERWISE_PADDED)

    def _array(self, name: str) -> Array:
        from onnx import TensorProto, numpy_helper

        if name not in self._tensors:
            raise UserError(f"its graph computes {name[:60]!r}, where AlexNet has weights")
        tensor = self._tensors[name]
        if tensor.data_location == TensorProto.EXTERNAL:
            raise UserError(
                "its weights lie in another file (ONNX's external data): save it as one file, as "
                "onnx.save(onnx.load(FILE), NEW) does"
            )
        return numpy_helper.to_array(tensor)


def _padded(link: Link, pads: tuple[int, int]) -> Link:
    if pads == (0, 0):
        return link
    before, after = (link.settings.get(name, 0) + more for name, more in zip(("before", "after"), pads, strict=True))
    return replace(link, settings={**link.settings, "before": before, "after": after})


def _joined(links: tuple[Link, ...]) -> Link:
    """The same layer of all branches, as one with groups."""
    first, *others = links
    if any((other.kind, other.settings) != (first.kind, first.settings) for other in others):
        return Link("Split", first.name)
    if first.kernel is None:
        return first if first.kind in ("relu", "pool") else Link("Split", first.name)
    biases: Any = [link.bias for link in links]
    return replace(
        first,
        settings={**first.settings, "group": first.settings["group"] * len(links)},
        kernel=np.concatenate([link.kernel for link in links if link.kernel is not None]),
        bias=None if None in [*map(type, biases)] or first.bias is None else np.concatenate(biases),
    )


def _window(given: Mapping[str, Any], kernel: tuple[int, ...] = ()) -> dict[str, float]:
    """Size, stride and pads of a window; numbers that no network of this kind has where they are not alike."""
    size = (*kernel, *_ints(given, "kernel_shape"))[:2] or (0, 0)
    strides, dilations = (set(_ints(given, name)) or {1} for name in ("strides", "dilations"))
    (top, left, bottom, right) = _ints(given, "pads") or (0, 0, 0, 0)
    automatic = given["auto_pad"].s if "auto_pad" in given else b"NOTSET"
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        top = left = bottom = right = size[0] // 2 if strides == {1} else _OTHERWISE_PADDED
    alike = (top, bottom) == (left, right) and len(strides) == 1 and size[0] == size[1]
    return {
        "size": size[0] if alike and dilations == {1} else 0,
        "stride": min(strides),
        "before": top if alike else _OTHERWISE_PADDED,
        "after": bottom if alike else _OTHERWISE_PADDED,
    }


def _response_normalization(given: Mapping[str, Any]) -> dict[str, float]:
    """ONNX divides α by the window, and calls k `bias`."""
    alpha, beta, k = (given[n].f if n in given else d for n, d in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    size = _number(given, "size", 1)
    return {"size": size, "alpha": alpha / max(size, 1), "beta": beta, "k": k}


def _number(given: Mapping[str, Any], name: str, default: int) -> int:
    return int(given[name].i) if name in given else default


def _ints(given: Mapping[str, Any], name: str) -> tuple[int, ...]:
    return tuple(given[name].ints) if name in given else ()


def _sum(bias: Array | None, other: Array) -> Array:
    return other.ravel() if bias is None else bias + other.ravel()
