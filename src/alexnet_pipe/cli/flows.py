"""`alexnet-pipe run`, `retrain` and `experiments`: the project's flows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alexnet_pipe.base.errors import UserError

if TYPE_CHECKING:
    from alexnet_pipe.project.dvc import StageRun

_Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-S", metavar="SECTION.KEY=VALUE", help="Another value for a setting; may be given again."),
]


def run(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="[STAGE]...", help="These stages and what they need; none means all.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Run the stages even if nothing changed.")] = False,
    overrides: _Overrides = None,
) -> None:
    """Bring all stages up to date, as a Prefect flow; DVC decides what must run."""
    from alexnet_pipe.orchestration.run_flow import run_flow
    from alexnet_pipe.params.preset import parse_overrides

    state = run_flow("pipeline", {"targets": targets, "force": force, "params": parse_overrides(overrides or [])})
    if not state.is_completed():
        raise UserError(state.message or state.name)
    _show(state.result())


def retrain(overrides: _Overrides = None) -> None:
    """Train again if there is something new, and promote the new model only if it is better.

    It works in a clone of the last commit. The exit status is 0 unless it failed, whatever the decision.
    """
    from alexnet_pipe.orchestration.run_flow import run_flow
    from alexnet_pipe.params.preset import parse_overrides

    state = run_flow("retrain", {"params": parse_overrides(overrides or [])})
    if not state.is_completed():
        raise UserError(state.message or state.name)
    print(f"retrain: {state.message}")


def experiments(
    name: Annotated[str, typer.Argument(metavar="[SET]", help="A file in conf/experiments/.")] = "ablations",
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="2012, 2013 and 2014 if none is given; may be given again.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This configuration, and the first; may be given again.")
    ] = None,
) -> None:
    """Train a set of configurations with several seeds each, and compare them with the first in one table.

    What has run before comes from DVC's run cache. The exit status is 1 if an experiment failed.
    """
    from alexnet_pipe.orchestration.run_flow import run_flow

    chosen = {"seeds": tuple(seeds)} if seeds else {}
    state = run_flow("experiments", {"name": name, "configurations": tuple(only or ()), **chosen})
    rows: Any = state.result(raise_on_failure=False)
    if isinstance(rows, list):
        from rich.console import Console

        from alexnet_pipe.experiments.table import ABOUT, rich_table

        Console().print(rich_table(rows), ABOUT, sep="")
    if not state.is_completed():
        raise UserError(state.message or state.name)


def _show(runs: Mapping[str, "StageRun"]) -> None:
    """Print what was done, the errors on the test set, and where the report is."""
    from rich.console import Console

    from alexnet_pipe.base.files import load_json
    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.orchestration.summary import error_table, stage_table
    from alexnet_pipe.project.dvc import Outcome

    console = Console()
    artifacts = Artifacts()
    console.print(stage_table(runs))
    if artifacts.test_metrics.exists():
        console.print(error_table(load_json(artifacts.test_metrics)))
    if all(run.outcome is Outcome.UNCHANGED for run in runs.values()):
        console.print(f"Nothing to do: all {len(runs)} stages are up to date.")
    console.print(f"Report: {artifacts.report}", soft_wrap=True)
