"""The pipeline as a Prefect flow: one task a DVC stage, in DVC's order.

    python flows/pipeline.py

needs no server. Prefect decides when; DVC decides what must run.
"""

import sys
from pathlib import Path
from typing import Any

from alexnet_pipe.orchestration.settings import quiet_and_local

ROOT = Path(__file__).resolve().parents[1]
quiet_and_local(ROOT)  # Prefect reads its settings when it is imported.

from prefect import flow
from prefect.states import Cancelled, Completed, Failed, State
from rich.console import Console

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.interrupt import end_on_interrupt
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.orchestration.publish import publish
from alexnet_pipe.orchestration.stages import failure, run_stages
from alexnet_pipe.orchestration.summary import error_table, stage_table
from alexnet_pipe.params.overrides import override_params
from alexnet_pipe.project.graph import stage_graph, with_upstream
from alexnet_pipe.project.outcome import Outcome, StageRun
from alexnet_pipe.project.run_lock import BusyError, only_run


@flow(name="pipeline")
def pipeline(
    targets: list[str] | None = None, force: bool = False, params: dict[str, Any] | None = None
) -> State[dict[str, StageRun]]:
    """Bring all stages up to date.

    Args:
        targets: Only these stages, and what they need.
        force: Run the stages even if nothing changed.
        params: New values for settings in params.yaml, as in {"train.max_epochs": 20}; they stay there.
    """
    try:
        with only_run(ROOT):
            override_params(ROOT, params or {})
            graph = stage_graph(ROOT)
            graph = with_upstream(graph, targets or list(graph))
            runs = run_stages(ROOT, graph, force=graph if force else ())
            publish(ROOT, graph, runs)
    except BusyError as error:
        return Cancelled(message=str(error))
    except UserError as error:
        return Failed(message=str(error))
    if reason := failure(runs):
        return Failed(message=reason)
    return Completed(message="all stages are up to date", data=runs)


def show(runs: dict[str, StageRun]) -> None:
    """Print what was done, the errors on the test set, and where the report is."""
    console = Console()
    artifacts = Artifacts(ROOT)
    console.print(stage_table(runs))
    if artifacts.test_metrics.exists():
        console.print(error_table(load_json(artifacts.test_metrics)))
    if all(run.outcome is Outcome.UNCHANGED for run in runs.values()):
        console.print(f"Nothing to do: all {len(runs)} stages are up to date.")
    console.print(f"Report: {artifacts.report.relative_to(ROOT)}", soft_wrap=True)


def main() -> int:
    """Run the flow once; the exit status is 0 if every stage is up to date."""
    end_on_interrupt("pipeline")
    state = pipeline(return_state=True)
    if not state.is_completed():
        print(f"pipeline: {state.message}", file=sys.stderr)
        return 1
    runs: Any = state.result()
    show(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
