"""What every reader of a published file gives: the weights in this project's layout, and how they want their pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4", "conv5")
LAYERS = (*CONVOLUTIONS, "fc6", "fc7", "fc8")


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
        variant: A name in `model.variants.VARIANTS`.
        width: Multiplies the number of kernels and of hidden units.
        layers: By name; conv1 takes RGB, and fc6's inputs stand in height, width, channel order.
        mean: Of R, G and B, in grey levels.
        policy: How photographs become 256×256, `crop` or `squash`.
        remarks: What was changed or assumed on the way, a sentence each.
    """

    format: str
    variant: str
    width: float
    layers: Mapping[str, Layer]
    mean: tuple[float, float, float]
    policy: str
    remarks: tuple[str, ...]

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.layers["fc8"].bias)

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return sum(layer.kernel.size + layer.bias.size for layer in self.layers.values())
