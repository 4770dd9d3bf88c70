"""`alexnet-pipe run`: the main job."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alexnet_pipe.project.dvc import StageRun


def run(
    stages: Annotated[list[str] | None, typer.Argument(help="Only these stages, and what they need.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run them even if nothing changed.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Another value, for this run.")
    ] = None,
) -> None:
    """Bring all stages up to date, with or without a server, and say what came out."""
    from alexnet_pipe.base.signals import end_all_when_told
    from alexnet_pipe.orchestration.settings import flow_of_project
    from alexnet_pipe.params.preset import parse_overrides

    end_all_when_told("run")
    state = flow_of_project("pipeline")(stages, force, parse_overrides(settings or []), return_state=True)
    if not state.is_completed():
        raise UserError(state.message)
    _show(Path.cwd(), state.result())


def _show(root: Path, runs: "Mapping[str, StageRun]") -> None:
    """Print what was done, the errors on the test set, and where the report is."""
    from rich.console import Console

    from alexnet_pipe.base.files import load_json
    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.orchestration.summary import error_table, stage_table
    from alexnet_pipe.project.dvc import Outcome

    console, artifacts = Console(), Artifacts(root)
    console.print(stage_table(runs))
    if artifacts.test_metrics.exists():
        console.print(error_table(load_json(artifacts.test_metrics)))
    if all(each.outcome is Outcome.UNCHANGED for each in runs.values()):
        console.print(f"Nothing to do: all {len(runs)} stages are up to date.")
    console.print(f"Report: {artifacts.report.relative_to(root)}", soft_wrap=True)
