"""What `experiments tune` varies, and between which values."""

from collections.abc import Callable, Mapping
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from alexnet_pipe.params.load import Params
from alexnet_pipe.params.preset import overridden


def _tenfold(value: float) -> BaseDistribution:
    """From a tenth to ten times as much, each scale alike; what is off stays off."""
    return FloatDistribution(value / 10, value * 10, log=value > 0)


def _twofold(value: int) -> BaseDistribution:
    return CategoricalDistribution(sorted({max(1, value // 2), value, 2 * value}))


def _up_to(most: float) -> Callable[[float], BaseDistribution]:
    return lambda value: FloatDistribution(0, max(most, value))


_VARIED: Mapping[str, Callable[[Any], BaseDistribution]] = {
    "train.learning_rate": _tenfold,
    "train.weight_decay": _tenfold,
    "train.batch_size": _twofold,
    "train.colour_shift": _up_to(0.3),
}
"""Every varied parameter, with the range around its value in params.yaml."""


def search_space(params: Params) -> dict[str, BaseDistribution]:
    """The range of each varied parameter; the values of `params` are in it."""
    own = own_values(params)
    return {name: around(own[name]) for name, around in _VARIED.items()}


def own_values(params: Params) -> dict[str, Any]:
    """The varied parameters as they are in `params`."""
    content = params.model_dump()
    return {name: content[section][key] for name in _VARIED for section, _, key in [name.partition(".")]}


def with_values(params: Params, values: Mapping[str, Any]) -> Params:
    """`params` with the values of a trial."""
    return overridden(params, {name: rounded(value) for name, value in values.items()}, "experiments tune")


def rounded(value: Any) -> Any:
    """As it is tried, shown and kept: numbers have three digits."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def in_words(params: Params) -> str:
    """The varied parameters with their values, in one line."""
    return ", ".join(f"{name} {value:g}" for name, value in own_values(params).items())
