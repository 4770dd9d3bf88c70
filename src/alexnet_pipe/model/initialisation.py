"""Named ways to set the first weights and biases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

First = Callable[[str, str, int], dict[str, Any]]
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
CONV1_OUTPUT = 12.0
"""Standard deviation of conv1's first outputs: 0.01 times grey levels of ±63 times the root of 11·11·3 inputs."""


def initialisers(name: str, layer: str, seed: int) -> dict[str, Any]:
    """The `kernel_initializer` and `bias_initializer` of `layer`.

    `he` draws from N(0, 2 / fan-in) with biases 0 (He et al. 2015), but for three layers. conv1 and fc8 keep
    N(0, 0.01): conv1 sees grey levels, not unit variance, and fc8 feeds no ReLU. conv2 scales back what conv1 gives,
    so that all later layers see about unit variance.
    """
    if name == "he":
        plain = layer in ("conv1", "fc8")
        scale = 2.0 / CONV1_OUTPUT**2 if layer == "conv2" else 2.0
        kernel = _normal(STANDARD_DEVIATION, seed) if plain else keras.initializers.VarianceScaling(scale, seed=seed)
        return {"kernel_initializer": kernel, "bias_initializer": "zeros"}
    choice = NORMAL[name]
    deviation = choice.hidden_fc if layer in ("fc6", "fc7") else STANDARD_DEVIATION
    bias = choice.bias if layer in BIASED else 0.0
    return {
        "kernel_initializer": _normal(deviation, seed),
        "bias_initializer": keras.initializers.Constant(bias),
    }


def zeros(_: str, layer: str, seed: int) -> dict[str, Any]:
    """As `initialisers`, for weights that will be assigned others."""
    return {"kernel_initializer": "zeros", "bias_initializer": "zeros"}


def _normal(deviation: float, seed: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=deviation, seed=seed)
