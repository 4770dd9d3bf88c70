"""The pipeline as a Prefect flow: one task a DVC stage, in DVC's order.

Prefect decides when; DVC decides what must run.
"""

from pathlib import Path
from typing import Any

from alexnet_pipe.orchestration.start import quiet_and_local

ROOT = Path(__file__).resolve().parents[1]
quiet_and_local(ROOT)  # Prefect reads its settings when it is imported.

from prefect import flow
from prefect.states import Cancelled, Completed, Failed, State

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.orchestration.stages import failure, publish, run_stages
from alexnet_pipe.params.preset import override_params
from alexnet_pipe.project.clones import CHALLENGER, challenger
from alexnet_pipe.project.dvc import StageRun, stage_graph, with_upstream
from alexnet_pipe.project.run_lock import BusyError, only_run


@flow(name="pipeline")
def pipeline(
    targets: list[str] | None = None, force: bool = False, params: dict[str, Any] | None = None
) -> State[dict[str, StageRun]]:
    """Bring all stages up to date.

    Args:
        targets: Only these stages, and what they need.
        force: Run the stages even if nothing changed.
        params: New values for settings in params.yaml, as in {"train.max_epochs": 20}, for this run alone: it works in
            a clone of the last commit, which stays until the next one is made, and leaves the workspace as it is.
    """
    try:
        with only_run(ROOT) as project:
            place = challenger(project) if params else project
            override_params(place.root, params or {})
            graph = stage_graph(place.root)
            graph = with_upstream(graph, targets or list(graph))
            runs = run_stages(place, graph, force=graph if force else ())
            publish(place, graph, runs)
    except BusyError as error:
        return Cancelled(message=str(error))
    except UserError as error:
        return Failed(message=str(error))
    if reason := failure(runs):
        return Failed(message=reason)
    where = f" in {CHALLENGER}, a clone of the last commit" if params else ""
    return Completed(message=f"all stages are up to date{where}", data=runs)
