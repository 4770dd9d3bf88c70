"""The pipeline as a Prefect flow: one task a DVC stage, in DVC's order.

    python flows/pipeline.py

needs no server. Prefect decides when; DVC decides what must run.
"""

import sys
import time
from pathlib import Path
from typing import Any

from alexnet_pipe.orchestration.settings import quiet_and_local

ROOT = Path(__file__).resolve().parents[1]
quiet_and_local(ROOT)  # Prefect reads its settings when it is imported.

from prefect import flow, get_run_logger, task
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed, State
from rich.console import Console

from alexnet_pipe.artifacts import Artifacts, load_json
from alexnet_pipe.errors import UserError
from alexnet_pipe.orchestration.graph import Graph, stage_graph, with_upstream
from alexnet_pipe.orchestration.interrupt import end_on_interrupt
from alexnet_pipe.orchestration.reproduce import Outcome, StageFailedError, reproduce
from alexnet_pipe.orchestration.summary import error_table, stage_table
from alexnet_pipe.params.load import load_params

Result = tuple[Outcome, float]


@task
def run_stage(stage: str, force: bool = False) -> State[Result]:
    """Have DVC bring one stage up to date."""
    started = time.monotonic()
    try:
        outcome = reproduce(stage, ROOT, get_run_logger().info, force)
    except StageFailedError as error:
        return Failed(message=str(error))
    result = (outcome, time.monotonic() - started)
    if outcome is Outcome.RAN:
        return Completed(message=f"ran in {result[1]:.0f} s", data=result)
    return Completed(name="Cached", message=outcome, data=result)


@flow(name="pipeline")
def pipeline(targets: list[str] | None = None, force: bool = False) -> State[dict[str, Result]]:
    """Bring all stages up to date, or `targets` and what they need; `force` runs them even if nothing changed."""
    try:
        load_params(ROOT / "params.yaml")
        graph = _graph(targets)
    except UserError as error:
        return Failed(message=str(error))
    futures: dict[str, PrefectFuture[Any]] = {}
    for stage, before in graph.items():
        named = run_stage.with_options(name=stage, task_run_name=stage)
        futures[stage] = named.submit(
            stage, force=force, wait_for=[futures[name] for name in before], return_state=False
        )
    states = {stage: future.wait() or future.state for stage, future in futures.items()}
    for stage, state in states.items():
        if state.is_failed():
            return Failed(message=f"{stage}: {state.message}")
    return Completed(message="all stages are up to date", data={name: state.result() for name, state in states.items()})


def _graph(targets: list[str] | None) -> Graph:
    graph = stage_graph(ROOT)
    for target in targets or []:
        if target not in graph:
            raise UserError(f"{target!r} is no stage; there are {', '.join(graph)}")
    return with_upstream(graph, targets) if targets else graph


def show(outcomes: dict[str, Result]) -> None:
    """Print what was done, the errors on the test set, and where the report is."""
    console = Console()
    artifacts = Artifacts(ROOT)
    console.print(stage_table(outcomes))
    if artifacts.test_metrics.exists():
        console.print(error_table(load_json(artifacts.test_metrics)))
    if all(outcome is Outcome.UNCHANGED for outcome, _ in outcomes.values()):
        console.print(f"Nothing to do: all {len(outcomes)} stages are up to date.")
    console.print(f"Report: {artifacts.report.relative_to(ROOT)}", soft_wrap=True)


def main() -> int:
    """Run the flow once; the exit status is 0 if every stage is up to date."""
    end_on_interrupt()
    state = pipeline(return_state=True)
    if not state.is_completed():
        print(f"pipeline: {state.message}", file=sys.stderr)
        return 1
    outcomes: Any = state.result()
    show(outcomes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
