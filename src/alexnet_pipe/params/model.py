"""Section `model`: which AlexNet; and what distinguishes the published ones."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from alexnet_pipe.params.section import Section


@dataclass(frozen=True)
class Variant:
    """The network of the paper's figure 2, unless something else is said.

    Attributes:
        towers: Into how many groups conv2, conv4 and conv5 are split.
        kernels: Of conv1 … conv5.
        normalization: `response`: behind conv1's and conv2's ReLU; `batch`: before each ReLU, and no bias before it.
        k: Additive constant of response normalization.
        alpha: Factor of the sum of squares in response normalization, for a plain sum over the window.
        pool_first: Whether pooling stands before response normalization.
        window: Side of the pooling windows, which are 2 pixels apart.
        seen: Side of the middle of a view that conv1 sees, in pixels, with zeros around it; 227 is all of it.
    """

    towers: int = 2
    kernels: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    normalization: Literal["response", "batch"] | None = "response"
    k: float = 2.0
    alpha: float = 1e-4
    pool_first: bool = False
    window: int = 3
    seen: int = 227


VARIANTS = {
    "paper": Variant(),
    # Caffe divides its alpha of 1e-4 by the window's 5 channels, and leaves k at 1 (bvlc_alexnet/train_val.prototxt).
    "bvlc": Variant(k=1.0, alpha=2e-5),
    "single-tower": Variant(towers=1),
    "caffenet": Variant(k=1.0, alpha=2e-5, pool_first=True),
    # What the paper measures its choices against (sections 3.3, 3.4, and 3.1 with its footnote).
    "no-normalization": Variant(normalization=None),
    "non-overlapping-pooling": Variant(window=2),
    "one-gpu": Variant(towers=1, kernels=(48, 128, 192, 192, 256)),
    # Not the paper's: Ioffe and Szegedy 2015.
    "batch-normalization": Variant(normalization="batch"),
    # Krizhevsky 2014, as torchvision builds it (torchvision/models/alexnet.py).
    "one-weird-trick": Variant(towers=1, kernels=(64, 192, 384, 256, 256), normalization=None, seen=224),
}

NORMALIZED = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")
"""Layers that batch normalization follows, where there is any; that of `conv1` is called `norm1`, and so on."""

HIDDEN = 4096
"""Units of fc6 and of fc7."""

WINDOW = 5
"""Neighbouring channels in a sum of response normalization (section 3.3: n)."""

BETA = 0.75
"""Exponent of response normalization (section 3.3)."""

EPSILON = 1e-3
"""Added to a variance by batch normalization; Keras' own."""


def owner(layer: str) -> str:
    """The layer of the paper's that `layer` is trained and frozen with: the one that it normalizes, or itself."""
    return {f"norm{name[-1]}": name for name in NORMALIZED}.get(layer, layer)


def kernel_shapes(variant: str, width: float, classes: int) -> dict[str, tuple[int, ...]]:
    """The shape of every kernel: `(height, width, in, out)` of conv1 … conv5, `(in, out)` of fc6 … fc8.

    `variant` is a name in `VARIANTS`; `width` multiplies the number of kernels and of hidden units.
    """
    towers = VARIANTS[variant].towers
    one, two, three, four, five = (_scaled(kernels, width) for kernels in VARIANTS[variant].kernels)
    hidden = _scaled(HIDDEN, width)
    return {
        "conv1": (11, 11, 3, one),
        "conv2": (5, 5, one // towers, two),
        "conv3": (3, 3, two, three),
        "conv4": (3, 3, three // towers, four),
        "conv5": (3, 3, four // towers, five),
        "fc6": (6 * 6 * five, hidden),
        "fc7": (hidden, hidden),
        "fc8": (hidden, classes),
    }


def _scaled(units: int, width: float) -> int:
    """`units` times the width, even, so that two towers can share them."""
    return max(2, 2 * round(units * width / 2))


class ModelParams(Section):
    """
    Attributes:
        variant: Towers, kernels, normalization, pooling, layer order and padding, fixed together.
        width: Multiplies the number of kernels and hidden units; 1 is the published network.
        initialisation: `paper`: N(0, 0.01), biases 1; `bvlc`: fc N(0, 0.005), biases 0.1; `he`: variance 2 / fan-in.
        input_scale: Multiplies the pixels less their mean, about ±64 grey levels; 1 as published, 1/64 for unit inputs.
    """

    variant: Literal[
        "paper",
        "bvlc",
        "single-tower",
        "caffenet",
        "no-normalization",
        "non-overlapping-pooling",
        "one-gpu",
        "batch-normalization",
        "one-weird-trick",
    ] = "paper"
    width: Annotated[float, Field(gt=0, le=4)] = 1.0
    initialisation: Literal["paper", "bvlc", "he"] = "paper"
    input_scale: Annotated[float, Field(ge=2**-20, le=2**20)] = 1.0
