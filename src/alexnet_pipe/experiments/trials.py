"""What the trials of `experiments tune` have found: as tables, and the best one as a preset."""

from pathlib import Path

import optuna
from optuna.importance import get_param_importances
from optuna.trial import FrozenTrial, TrialState
from rich.table import Table

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import plain_table
from alexnet_pipe.experiments.search_space import in_words, value_shown, with_values
from alexnet_pipe.experiments.tuning import REASON, finished
from alexnet_pipe.params.load import Params
from alexnet_pipe.params.preset import save_preset

PRESET = "tuned"

_ENOUGH = 20
"""Whole trials from which importances say something: they compare the best tenth with the others."""


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
    """A row a trial, but for those that were interrupted."""
    trials, best = finished(study), best_trial(study)
    names = list(best.params)
    headings = ["trial", *(name.partition(".")[2] for name in names), "epochs", "validation error", "minutes", ""]
    return plain_table(headings, [_row(trial, names, trial.number == best.number) for trial in trials])


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
        "best" if best else trial.user_attrs.get(REASON, ""),
    ]
