"""What the trials of `experiments tune` vary, and what they have found: as tables, and the best one as a preset."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import get_param_importances
from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.terminal import plain_table
from alexnet_pipe.params.load import Params
from alexnet_pipe.params.preset import overridden, save_preset

PRESET = "tuned"

_ENOUGH = 20
"""Whole trials from which importances say something: they compare the best tenth with the others."""


WRITTEN = "preset"
"""The attribute of a study with the SHA-256 of the preset that it has written."""
REASON = "reason"
"""The attribute of a trial that says why its training ended early."""
WORSE = "worse than the median"
"""As those are that Optuna ends."""


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


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that say something about their values: whole ones, and those that were ended early."""
    return study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED])


def best_trial(study: optuna.Study) -> FrozenTrial:
    """The whole trial with the lowest validation error.

    Raises:
        UserError: if there is none.
    """
    if any(trial.state == TrialState.COMPLETE for trial in study.trials):
        return study.best_trial
    reasons = [trial.user_attrs[REASON] for trial in finished(study)]
    raise UserError(f"no trial came to its end; the last: {reasons[-1]}")


def trial_table(study: optuna.Study) -> Table:
    """A row a trial, but for those that were interrupted: its settings, epochs, lowest validation error, minutes."""
    trials, best = finished(study), best_trial(study)
    names = list(best.params)
    headings = ["", *names, "epochs", "error", "min", ""]
    table = plain_table(headings, [_row(trial, names, trial.number == best.number) for trial in trials])
    # All of it in the 80 characters of a log.
    table.padding = (0, 0)
    for column, heading in zip(table.columns[:-1], headings, strict=False):
        column.header, column.no_wrap = heading.rpartition(".")[2].replace("_", "\n"), True
    return table


def importance_table(study: optuna.Study) -> tuple[str, Table] | None:
    """The share of each parameter in what makes a trial good (PED-ANOVA), and how much that says; None of one trial."""
    whole = study.get_trials(states=[TrialState.COMPLETE])
    if len(whole) < 2:
        return None
    shares = get_param_importances(study)
    about = f"Importance, from {len(whole)} whole trials" + ("" if len(whole) >= _ENOUGH else ": too few to say much")
    return about, plain_table(["parameter", "importance"], [(name, f"{share:.0%}") for name, share in shares.items()])


def save_best(presets: Path, study: optuna.Study, params: Params) -> Path:
    """`params` with the best trial's values, as a preset in the folder `presets`."""
    best, path = best_trial(study), presets / f"{PRESET}.yaml"
    tuned = with_values(params, best.params)
    about = [
        "The settings of before with the values that the best trial of `alexnet-pipe experiments tune` had.",
        "",
        f"  alexnet-pipe preset {PRESET} && make run",
        "",
        f"{in_words(tuned)}.",
        f"Validation error {best.value:.1%} after {len(best.intermediate_values)} epochs, the lowest of "
        f"{len(finished(study))} trials. A whole training with these settings, and the test split, are not measured.",
    ]
    save_preset(path, tuned, about)
    study.set_user_attr(WRITTEN, file_digest(path))
    return path


def _row(trial: FrozenTrial, names: list[str], best: bool) -> list[str]:
    errors = trial.intermediate_values
    assert trial.duration
    return [
        str(trial.number),
        *(value_shown(trial.params[name]) for name in names),
        str(len(errors)),
        f"{min(errors.values()):.1%}" if errors else "–",
        f"{trial.duration.total_seconds() / 60:.1f}",
        "best" if best else trial.user_attrs.get(REASON, "").replace(WORSE, "early"),
    ]
