"""Whether weights fit a variant of the network, before it is built."""

from collections.abc import Mapping

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.variants import VARIANTS
from alexnet_pipe.pretrained.published import LAYERS, Layer

_HIDDEN = 4096
_POOL5 = 6 * 6


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
    width = layers["fc7"].bias.size / _HIDDEN
    expected = _kernels(variant, width, classes=layers["fc8"].bias.size)
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


def _kernels(variant: str, width: float, classes: int) -> dict[str, tuple[int, ...]]:
    """The shape of every kernel, as `model.alexnet.AlexNet` makes them."""
    towers = VARIANTS[variant].towers
    one, two, three, four, five = (_scaled(kernels, width) for kernels in VARIANTS[variant].kernels)
    hidden = _scaled(_HIDDEN, width)
    return {
        "conv1": (11, 11, 3, one),
        "conv2": (5, 5, one // towers, two),
        "conv3": (3, 3, two, three),
        "conv4": (3, 3, three // towers, four),
        "conv5": (3, 3, four // towers, five),
        "fc6": (_POOL5 * five, hidden),
        "fc7": (hidden, hidden),
        "fc8": (hidden, classes),
    }


def _scaled(units: int, width: float) -> int:
    return max(2, 2 * round(units * width / 2))
