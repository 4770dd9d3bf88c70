"""`alexnet-pipe run`, `retrain` and `experiments`: the project's flows."""

from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.cli.stage import STAGES, is_helper, stage

if TYPE_CHECKING:
    from prefect.states import State
    from rich.table import Table

    from alexnet_pipe.project.dvc import StageRun

_TUNE, _TUNE_MINUTES = "tune", 60.0
_NEED_TRAINING = {"train", "evaluate", "report"}

_Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-S", metavar="SECTION.KEY=VALUE", help="Another value for a setting; may be given again."),
]


def run(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STAGE", help=f"These stages and what they need, of {', '.join(STAGES)}; all if none is given."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Run the stages even if nothing changed.")] = False,
    overrides: _Overrides = None,
) -> None:
    """Bring all stages up to date, as a Prefect flow; DVC decides what must run.

    With --set, it works in a clone of the last commit, `.prefect/challenger`: params.yaml and the results here stay as
    they are. `promote` can take what the clone has.

    Of several processes that train together, all but number 0 take part in stage train alone.
    """
    from alexnet_pipe.orchestration.start import awaited_server, project_folder, run_flow

    folder = project_folder()
    if _helps(folder):
        if not targets or _NEED_TRAINING.intersection(targets):
            stage("train")
        return
    settings = _settings(folder, overrides)
    if not (force or overrides or awaited_server(folder)) and (runs := _unchanged(folder, targets or [])):
        _show(folder, runs)
        return
    state = run_flow("pipeline", {"targets": targets, "force": force, "params": settings})
    _require_completed(state)
    if overrides:
        from alexnet_pipe.project.checkout import Checkout
        from alexnet_pipe.project.clones import last_challenger

        folder = last_challenger(Checkout(folder)).root
    _show(folder, state.result())


def _helps(folder: Path) -> bool:
    """Whether this is one of several processes, and not number 0; what is wrong with the settings a run says."""
    from alexnet_pipe.params.load import load_params

    try:
        train = load_params(folder / "params.yaml").train
    except UserError:
        return False
    return is_helper(train)


def retrain(overrides: _Overrides = None) -> None:
    """Train again if there is something new, and promote the new model only if it is better.

    It works in a clone of the last commit. The exit status is 0 unless it failed, whatever the decision.
    """
    from alexnet_pipe.orchestration.start import project_folder, run_flow

    state = run_flow("retrain", {"params": _settings(project_folder(), overrides)})
    _require_completed(state)
    say(f"retrain: {state.message}")


def experiments(
    name: Annotated[str, typer.Argument(metavar="SET", help=f"A file in conf/experiments/, or {_TUNE}.")] = "ablations",
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="2012, 2013 and 2014 if none is given; may be given again.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This configuration, and the first; may be given again.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help=f"Of `{_TUNE}`: what all its trials may take; {_TUNE_MINUTES:g} if not given."),
    ] = None,
) -> None:
    """Train a set of configurations with several seeds each, and compare them with the first in one table.

    What has run before comes from DVC's run cache. The exit status is 1 if an experiment failed.

    `experiments tune` searches for the learning rate, weight decay, batch and augmentation that suit your data, by
    short trainings that are judged on the validation split, and writes them as the preset `tuned`.
    """
    if minutes is not None and not isfinite(minutes):
        raise typer.BadParameter(f"{minutes} is no time: give a number of minutes", param_hint="--minutes")
    if name == _TUNE:
        if seeds or only:
            raise typer.BadParameter(f"{_TUNE} has no configurations and no seeds", param_hint="--only, --seed")
        _tune(_TUNE_MINUTES if minutes is None else minutes)
        return
    if minutes is not None:
        raise typer.BadParameter(f"only {_TUNE} takes a time", param_hint="--minutes")
    from alexnet_pipe.orchestration.start import run_flow

    chosen = {"seeds": tuple(seeds)} if seeds else {}
    state = run_flow("experiments", {"name": name, "configurations": tuple(only or ()), **chosen})
    rows: Any = state.result(raise_on_failure=False)
    if isinstance(rows, list):
        from rich.console import Console

        from alexnet_pipe.experiments.table import ABOUT, rich_table

        Console().print(rich_table(rows), ABOUT, sep="")
    _require_completed(state)


def _tune(minutes: float) -> None:
    """Search, and show what was found."""
    from rich.console import Console

    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.base.startup import without_notices
    from alexnet_pipe.orchestration.start import project_folder
    from alexnet_pipe.params.load import checked_params
    from alexnet_pipe.project.dvc import run_dvc
    from alexnet_pipe.project.run_lock import only_run

    with only_run(project_folder()) as project:
        params = checked_params(Path("params.yaml"))
        run_dvc(project, ["repro", "mean", "pca"], say)
        with without_notices(params.train.backend):
            from alexnet_pipe.experiments.trials import PRESET, importance_table, save_best, trial_table
            from alexnet_pipe.experiments.tuning import found, require_replaceable, tune, what_chance_does
        artifacts, preset = Artifacts(), Path("conf/presets", f"{PRESET}.yaml")
        if minutes:
            require_replaceable(artifacts, preset)
            study = tune(artifacts, params, minutes)
            save_best(preset.parent, study, params)
        else:
            study = found(artifacts, params)
    console = Console()
    console.print(trial_table(study))
    print(what_chance_does(artifacts, study))
    if importances := importance_table(study):
        console.print("", *importances, sep="\n")
    if minutes:
        print(f"The best is {preset}. To use it: alexnet-pipe preset {preset.stem} && make run")


def _require_completed(state: "State[Any]") -> None:
    if not state.is_completed():
        raise UserError(state.message or state.name)


def _settings(folder: Path, overrides: list[str] | None) -> dict[str, Any]:
    """What `--set` says, checked before anything starts."""
    from alexnet_pipe.params.load import load_params
    from alexnet_pipe.params.preset import overridden, parse_overrides

    settings = parse_overrides(overrides or [])
    if settings:
        overridden(load_params(folder / "params.yaml"), settings, "--set")
    return settings


def _unchanged(root: Path, targets: Sequence[str]) -> dict[str, "StageRun"] | None:
    """All stages of the run if DVC would leave each of them alone; Prefect, slow to start, has nothing to do then."""
    from alexnet_pipe.params.load import checked_params
    from alexnet_pipe.project.dvc import Outcome, StageRun, stage_graph, up_to_date, with_upstream
    from alexnet_pipe.project.run_lock import only_run

    with only_run(root):
        checked_params(root / "params.yaml")
        graph = stage_graph(root)
        graph = with_upstream(graph, targets or list(graph))
        same = up_to_date(root, graph)
    return {stage: StageRun(Outcome.UNCHANGED, 0.0) for stage in graph} if same == set(graph) else None


def _show(root: Path, runs: Mapping[str, "StageRun"]) -> None:
    """Print what was done, the errors on the test set, and where the report is."""
    from rich.console import Console

    from alexnet_pipe.base.files import load_json
    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.project.dvc import Outcome

    console = Console()
    artifacts = Artifacts(root)
    console.print(_stage_table(runs))
    if artifacts.test_metrics.exists():
        console.print(_error_table(load_json(artifacts.test_metrics)))
    if all(run.outcome is Outcome.UNCHANGED for run in runs.values()):
        console.print(f"Nothing to do: all {len(runs)} stages are up to date.")
    console.print(f"Report: {artifacts.report.relative_to(Path.cwd())}", soft_wrap=True)


def _stage_table(runs: Mapping[str, "StageRun"]) -> "Table":
    from alexnet_pipe.base.terminal import plain_table

    rows = [(stage, run.outcome, f"{run.seconds:.1f}") for stage, run in runs.items()]
    table = plain_table(["stage", "outcome", "seconds"], rows)
    table.columns[-1].justify = "right"
    return table


def _error_table(metrics: Mapping[str, Any]) -> "Table":
    """top-1 and top-5 error, one view and ten, with 95 % intervals, of `metrics/test.json`."""
    from alexnet_pipe.base.terminal import plain_table, with_interval

    def percent(name: str) -> str:
        error, interval = metrics[name], metrics[f"{name}_interval"]
        if error is None:
            return "needs more than five classes"
        return with_interval(error, interval["low"], interval["high"], ".1%")

    rows = [[f"top-{top} error", percent(f"top{top}_error"), percent(f"top{top}_error_ten_view")] for top in (1, 5)]
    return plain_table([f"{metrics['examples']:,} test images", "one view", "ten views"], rows)
