"""The layers of a network in order, however a file has them, and the variant that they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.params.model import VARIANTS, Variant
from alexnet_pipe.pretrained.published import LAYERS, Array, Layer, ShapeError, channels_last, fitting_width

_KINDS = {
    "conv": "a convolution",
    "fc": "a fully connected layer",
    "relu": "ReLU",
    "lrn": "response normalization",
    "pool": "max pooling",
}

PADDED_SIDE = 224
"""Pixels that a network takes which pads them by 2."""


@dataclass(frozen=True)
class Link:
    """A layer.

    Attributes:
        kind: `conv`, `fc`, `relu`, `lrn`, `pool`, or the operation of a node that is none of these.
        name: What the graph calls it.
        settings: Numbers by name; pads are `before` and `after`, rows and columns alike.
        kernel: `(out, in, height, width)` or `(out, in)`.
        bias: `(out,)`.
    """

    kind: str
    name: str
    settings: Mapping[str, float] = field(default_factory=dict)
    kernel: Array | None = None
    bias: Array | None = None


class _DiffersError(Exception):
    """The graph is not of a variant; `nearness` is larger, the less is in the way."""

    def __init__(self, text: str, layers: int, wrong_settings: int = 0) -> None:
        """`layers` are of the right kind, and `wrong_settings` of theirs are not."""
        super().__init__(text)
        self.nearness = (layers, -wrong_settings)


def variant_of(links: Sequence[Link]) -> tuple[str, float]:
    """The first variant whose layers these are, and its width.

    Raises:
        UserError: if there is none; what is said is the first layer that differs from the nearest.
    """
    failures: dict[str, _DiffersError] = {}
    for name, variant in VARIANTS.items():
        if variant.normalization == "batch":
            continue  # What was folded is a variant without.
        try:
            return name, _width(name, variant, links)
        except _DiffersError as error:
            failures[name] = error
    nearest = max(failures, key=lambda name: failures[name].nearness)
    raise UserError(f"it is another network: {failures[nearest]} in the variant {nearest}, which is the nearest")


def _width(name: str, variant: Variant, links: Sequence[Link]) -> float:
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
        return fitting_width(layers_of(links), name)
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
    around = (2,) if variant.seen == PADDED_SIDE else (0,)
    behind = (2, 1) if variant.seen == PADDED_SIDE else (0,)
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


def layers_of(links: Sequence[Link]) -> dict[str, Layer]:
    """By name, in this project's layout; where there was no bias, there are zeros."""
    weighted = [(link.kernel, link.bias) for link in links if link.kernel is not None]
    return {
        name: channels_last(Layer(kernel, np.zeros(len(kernel), np.float32) if bias is None else bias))
        for name, (kernel, bias) in zip(LAYERS, weighted, strict=True)
    }
