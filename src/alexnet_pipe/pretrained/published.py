"""What every reader of a published file gives: weights that fit a variant of the network, in this project's layout."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params import train
from alexnet_pipe.params.model import HIDDEN, kernel_shapes

Array = NDArray[np.floating]

LAYERS: tuple[str, ...] = train.LAYERS


class Figures(NamedTuple):
    """Accuracies on the 50,000 validation images of ILSVRC2012, in per cent.

    Attributes:
        whose: Who published them, and of what.
        views: From how many of each image: one or ten.
    """

    whose: str
    views: int
    top1: float
    top5: float


FIGURES = {
    # The paper, section 6: errors of one network.
    "paper": Figures("the paper's", 10, 59.3, 81.8),
    # models/bvlc_alexnet/readme.md and models/bvlc_reference_caffenet/readme.md of Caffe.
    "bvlc": Figures("BVLC's bvlc_alexnet.caffemodel", 1, 57.1, 80.2),
    "caffenet": Figures("BVLC's CaffeNet", 1, 57.4, 80.4),
    # torchvision/models/alexnet.py, `AlexNet_Weights.IMAGENET1K_V1`.
    "one-weird-trick": Figures("torchvision's alexnet-owt-7be5be79.pth", 1, 56.522, 79.066),
}
"""What was published of weights of a variant."""


class Layer(NamedTuple):
    """
    Attributes:
        kernel: Floats `(height, width, in, out)`, or `(in, out)` of a fully connected layer.
        bias: Floats `(out,)`.
    """

    kernel: Array
    bias: Array


@dataclass(frozen=True)
class Published:
    """
    Attributes:
        format: The kind of file, for the user's eyes.
        variant: A name in `params.model.VARIANTS`.
        width: Multiplies the number of kernels and of hidden units.
        layers: By name; conv1 takes RGB, and fc6's inputs stand in height, width, channel order.
        mean: Of R, G and B, in grey levels; or an image of them, floats `(256, 256, 3)`.
        policy: How photographs become 256×256, as `resize.policy`.
        remarks: What was changed or assumed on the way, a sentence each.
        names: The class names in label order, if the file has them.
    """

    format: str
    variant: str
    width: float
    layers: Mapping[str, Layer]
    mean: tuple[float, float, float] | Array
    policy: str
    remarks: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        return len(self.layers["fc8"].bias)

    @property
    def parameters(self) -> int:
        return sum(layer.kernel.size + layer.bias.size for layer in self.layers.values())


def channels_last(layer: Layer) -> Layer:
    """`(out, in, height, width)` to `(height, width, in, out)`, and `(out, in)` to `(in, out)`."""
    return Layer(layer.kernel.transpose(2, 3, 1, 0) if layer.kernel.ndim == 4 else layer.kernel.T, layer.bias)


def inputs_by_place(fc6: Layer) -> Layer:
    """fc6 with its inputs, pool5's outputs, in height, width, channel order instead of channel, height, width."""
    # A unit's weights lie together in the file; reordered as units, not as inputs, they are read in a row.
    units: Array = fc6.kernel.T.reshape(fc6.kernel.shape[1], -1, 6, 6)
    return Layer(np.moveaxis(units, 1, 3).reshape(fc6.kernel.shape[::-1]).T, fc6.bias)


class ShapeError(UserError):
    """A layer of another shape than the variant's."""


def fitting_width(layers: Mapping[str, Layer], variant: str) -> float:
    """The `width` at which the weights fit `variant`; fc7, the largest number of units, says it most exactly.

    Raises:
        ShapeError: if a layer has another shape.
        UserError: if a layer is missing, or has values that are no finite floats.
    """
    for name in LAYERS:
        if name not in layers:
            raise UserError(f"it has no layer {name}: it takes {', '.join(LAYERS)}")
        _check_values(name, layers[name])
    width = layers["fc7"].bias.size / HIDDEN
    expected = kernel_shapes(variant, width, classes=layers["fc8"].bias.size)
    for name in LAYERS:
        _check_shape(name, "kernel", layers[name].kernel.shape, expected[name], variant)
        _check_shape(name, "bias", layers[name].bias.shape, expected[name][-1:], variant)
    return width


def _check_values(name: str, layer: Layer) -> None:
    for part, values in layer._asdict().items():
        if values.dtype.kind != "f":
            raise UserError(f"{name}: {part} of {values.dtype}, not of floats: it cannot be used")
        if not values.size or not np.isfinite(values).all():
            raise UserError(f"{name}: {part} is empty or not finite: the file is damaged, or its training has diverged")


def _check_shape(name: str, part: str, found: tuple[int, ...], expected: tuple[int, ...], variant: str) -> None:
    if found != expected:
        axes = " (height, width, in, out)" if len(expected) == 4 else " (in, out)" if len(expected) == 2 else ""
        raise ShapeError(f"{name}: {part}{axes} is {_by(found)}, but {_by(expected)} in the variant {variant}")


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"
