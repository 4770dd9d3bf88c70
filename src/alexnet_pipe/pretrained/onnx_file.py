"""ONNX models that are one of this project's variants, such as the ONNX zoo's `bvlcalexnet`: told by their layers."""

from collections.abc import Iterator

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.params.model import VARIANTS, Variant
from alexnet_pipe.pretrained import Preparation
from alexnet_pipe.pretrained.caffemodel import from_caffe
from alexnet_pipe.pretrained.onnx_graph import Chain, Link
from alexnet_pipe.pretrained.published import (
    LAYERS,
    Layer,
    Published,
    ShapeError,
    channels_last,
    fitting_width,
    inputs_by_place,
)
from alexnet_pipe.pretrained.torchvision import from_normalized
from alexnet_pipe.pretrained.wire_format import check_fields

_KINDS = {
    "conv": "a convolution",
    "fc": "a fully connected layer",
    "relu": "ReLU",
    "lrn": "response normalization",
    "pool": "max pooling",
}
_OURS = "alexnet-pipe"
_CAFFES = ("bvlc", "caffenet")
_SIDE, _PADDED_SIDE = 227, 224


class _DiffersError(Exception):
    """The graph is not of a variant; `nearness` is larger, the less is in the way."""

    def __init__(self, text: str, layers: int, wrong_settings: int = 0) -> None:
        """`layers` are of the right kind, and `wrong_settings` of theirs are not."""
        super().__init__(text)
        self.nearness = (layers, -wrong_settings)


def read_onnx(content: bytes, preparation: Preparation | None = None) -> Published:
    """The weights in the bytes of an ONNX file.

    Args:
        content: The file.
        preparation: How photographs were prepared when it was trained, which no graph says; if nothing is said, Caffe's
            way for Caffe's networks, and torchvision's for all others.

    Raises:
        UserError: if it holds another network; what is said is the first layer that differs from the nearest variant.
        Exception: of any kind, if it is damaged.
    """
    from onnx import ModelProto

    check_fields(content, ModelProto.DESCRIPTOR)
    model = ModelProto.FromString(content)
    if model.producer_name == _OURS:
        raise UserError(
            "this project has exported it: `predict --model` takes it as it is; a training takes its .keras file"
        )
    chain = Chain(model.graph)
    variant, width = _variant(chain)
    layers = _layers(chain.links)
    remarks = ["told by its layers: an ONNX graph does not say what it is, nor how photographs were prepared for it"]
    if chain.folded:
        remarks.append(f"{chain.folded} batch normalizations folded into the layers before them")
    if not chain.by_place:
        layers["fc6"] = inputs_by_place(layers["fc6"])
        remarks.append("fc6's inputs reordered from channel, height, width to height, width, channel")
    side = _PADDED_SIDE if VARIANTS[variant].seen == _PADDED_SIDE else _SIDE
    if chain.side not in (None, side):
        remarks.append(f"its graph takes {chain.side}×{chain.side} pixels; the network was published with {side}")
    named = preparation or (Preparation.CAFFE if variant in _CAFFES else Preparation.TORCHVISION)
    build = from_caffe if named is Preparation.CAFFE else from_normalized
    return build(".onnx", variant, width, layers, tuple(remarks))


def _variant(chain: Chain) -> tuple[str, float]:
    """The first variant that the chain is, and its width."""
    failures: dict[str, _DiffersError] = {}
    for name, variant in VARIANTS.items():
        if variant.normalization == "batch":
            continue  # What was folded is a variant without.
        try:
            return name, _width(name, variant, chain.links)
        except _DiffersError as error:
            failures[name] = error
    nearest = max(failures, key=lambda name: failures[name].nearness)
    raise UserError(f"it is another network: {failures[nearest]} in the variant {nearest}, which is the nearest")


def _width(name: str, variant: Variant, links: list[Link]) -> float:
    """
    Raises:
        _DiffersError: if the layers are not those of the variant.
    """
    expected = list(_expected(variant))
    wrong: list[str] = []
    for place, (layer, kind, settings) in enumerate(expected):
        if place >= len(links):
            raise _DiffersError(f"it ends where there is {_KINDS[kind]} ({layer})", place, len(wrong))
        link = links[place]
        if link.kind != kind:
            first = f"{layer}: {_spoken(link)} stands where there is {_KINDS[kind]}"
            raise _DiffersError([*wrong, first][0], place, len(wrong))
        wrong += [
            f"{layer}{_called(link)}: {setting} is {link.settings[setting]:g}, but {allowed[0]:g}"
            for setting, allowed in settings.items()
            if not np.isclose(link.settings[setting], allowed, rtol=1e-4, atol=0).any()
        ]
    if len(links) > len(expected):
        wrong.append(f"{_spoken(links[len(expected)])} follows fc8, the last layer")
    if wrong:
        raise _DiffersError(wrong[0], len(expected), len(wrong))
    try:
        return fitting_width(_layers(links), name)
    except ShapeError as error:
        raise _DiffersError(str(error).partition(" in the variant")[0], len(expected)) from None


def _spoken(link: Link) -> str:
    return f"{_KINDS.get(link.kind, printable(link.kind)[:40])}{_called(link)}"


def _called(link: Link) -> str:
    return f" ({printable(link.name)[:40]!r})" if link.name else ""


_Settings = dict[str, tuple[float, ...]]
_Expected = tuple[str, str, _Settings]


def _expected(variant: Variant) -> Iterator[_Expected]:
    """Layer, kind and settings, each with the values that mean the same, of all that stands in a chain."""
    # The last row of torchvision's padding is in no window; nor is a pooling's, whose windows of 3 fit as they are.
    around = (2,) if variant.seen == _PADDED_SIDE else (0,)
    behind = (2, 1) if variant.seen == _PADDED_SIDE else (0,)
    free = (0, 1) if variant.window % 2 else (0,)
    pool: _Settings = {"size": (variant.window,), "stride": (2,), "before": (0,), "after": free}
    if not variant.window % 2:
        pool["ceil"] = (0,)
    normalization: dict[str, tuple[float, ...]] = {
        "size": (5,),
        "beta": (0.75,),
        "k": (variant.k,),
        "alpha": (variant.alpha,),
    }
    for number, (pad, groups) in enumerate(((0, 1), (2, 2), (1, 1), (1, 2), (1, 2)), start=1):
        settings: _Settings = {"stride": (4,), "before": around, "after": behind, "group": (1,)}
        if number > 1:
            group = (groups if variant.towers > 1 else 1,)
            settings = {"stride": (1,), "before": (pad,), "after": (pad,), "group": group}
        yield f"conv{number}", "conv", settings
        yield f"relu{number}", "relu", {}
        pooled: _Expected = (f"pool{number}", "pool", pool)
        normalized: _Expected = (f"norm{number}", "lrn", normalization)
        if number == 5 or (number < 3 and variant.normalization is None):
            yield pooled
        elif number < 3:
            yield from (pooled, normalized) if variant.pool_first else (normalized, pooled)
    for number in (6, 7):
        yield f"fc{number}", "fc", {}
        yield f"relu{number}", "relu", {}
    yield "fc8", "fc", {}


def _layers(links: list[Link]) -> dict[str, Layer]:
    """By name, in this project's layout; where there was no bias, there are zeros."""
    weighted = [(link.kernel, link.bias) for link in links if link.kernel is not None]
    return {
        name: channels_last(Layer(kernel, np.zeros(len(kernel), np.float32) if bias is None else bias))
        for name, (kernel, bias) in zip(LAYERS, weighted, strict=True)
    }
