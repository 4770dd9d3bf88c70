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


def _one_of(*choices: Any) -> Callable[[Any], BaseDistribution]:
    return lambda value: CategoricalDistribution(list(dict.fromkeys([value, *choices])))


_VARIED: Mapping[str, Callable[[Any], BaseDistribution]] = {
    "train.learning_rate": _tenfold,
    "train.weight_decay": _tenfold,
    "train.batch_size": _twofold,
    "train.colour_shift": _up_to(0.3),
    "train.crop_area": _one_of(None, 0.2, 0.35, 0.6),
    "train.mixup": _one_of(0.0, 0.1, 0.2, 0.4),
    "train.label_smoothing": _up_to(0.2),
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


def value_shown(value: Any) -> str:
    """The value of a varied parameter; None as "none"."""
    return "none" if value is None else f"{rounded(value):g}"


def in_words(params: Params) -> str:
    """The varied parameters with their values, in one line."""
    return ", ".join(f"{name} {value_shown(value)}" for name, value in own_values(params).items())
