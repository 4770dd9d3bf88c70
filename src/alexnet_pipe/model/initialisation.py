"""Named ways to set the first weights and biases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

First = Callable[..., dict[str, Any]]
"""As `initialisers`."""

BIASED = ("conv2", "conv4", "conv5", "fc6", "fc7")
"""Layers whose biases start above zero, so that their ReLUs start with positive inputs (paper, section 5)."""


@dataclass(frozen=True)
class Initialisation:
    """
    Attributes:
        hidden_fc: Standard deviation of the weights of fc6 and fc7.
        bias: First value of the biases in `BIASED`.
    """

    hidden_fc: float
    bias: float


NORMAL = {
    "paper": Initialisation(hidden_fc=0.01, bias=1.0),
    # bvlc_alexnet/train_val.prototxt
    "bvlc": Initialisation(hidden_fc=0.005, bias=0.1),
}
STANDARD_DEVIATION = 0.01
"""Of all other weights."""
GREY_LEVELS = 64.0
"""Standard deviation of pixels less their mean, about."""
FIRST = 0.05
"""What He's deviation is multiplied by in conv1."""
CONV1_OUTPUT = 12.0
"""Standard deviation of conv1's first outputs by N(0, 0.01) where inputs are not scaled: 0.01 · 63 · √(11·11·3)."""


def initialisers(name: str, layer: str, seed: int, input_scale: float) -> dict[str, Any]:
    """The `kernel_initializer` and `bias_initializer` of `layer`.

    `he` draws from N(0, 2 / fan-in) with biases 0 (He et al. 2015), so that each layer gives about the variance that it
    is given. fc8, which feeds no ReLU, keeps N(0, 0.01); conv1 takes inputs for scaled to unit variance, and starts so
    small that what it learns outweighs the noise that it starts with. Inputs that are not scaled would move so small
    weights too fast: there conv1 keeps N(0, 0.01), and conv2 scales back what it gives.
    """
    if name == "he":
        plain = layer == "fc8" or (layer == "conv1" and input_scale == 1)
        variance = 2.0 * _he_factor(layer, input_scale) ** 2
        scaled = keras.initializers.VarianceScaling(variance, seed=seed)
        return {
            "kernel_initializer": _normal(STANDARD_DEVIATION, seed) if plain else scaled,
            "bias_initializer": "zeros",
        }
    choice = NORMAL[name]
    deviation = choice.hidden_fc if layer in ("fc6", "fc7") else STANDARD_DEVIATION
    bias = choice.bias if layer in BIASED else 0.0
    return {
        "kernel_initializer": _normal(deviation, seed),
        "bias_initializer": keras.initializers.Constant(bias),
    }


def _he_factor(layer: str, input_scale: float) -> float:
    """What He's deviation is multiplied by."""
    if layer == "conv1":
        return FIRST / (GREY_LEVELS * input_scale)
    return 1 / CONV1_OUTPUT if layer == "conv2" and input_scale == 1 else 1.0


def zeros(_: str, layer: str, seed: int, input_scale: float) -> dict[str, Any]:
    """As `initialisers`, for weights that will be assigned others."""
    return {"kernel_initializer": "zeros", "bias_initializer": "zeros"}


def _normal(deviation: float, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=deviation, seed=seed)
