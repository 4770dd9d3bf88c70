"""What a killed runner, flow or machine has left in Prefect's database, put right."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled, Crashed, Scheduled, State

from alexnet_pipe.base.processes import end_processes

_BY_HAND = (["run"], ["retrain"], ["experiments"])
_NOTICE = 30
_DEAD = "its process was gone"
T = TypeVar("T")


def put_right(deployments: Sequence[UUID], grace: timedelta = timedelta(0)) -> int:
    """Look at the unfinished and the missed runs of `deployments`, but for those that workers run.

    A run whose process lives goes on, though the runner that started it is dead; if it is to be cancelled, that is done
    here. Any other is marked as crashed; one that had not begun goes back to the queue. Of the scheduled runs of a
    deployment that were missed, the latest stays.

    Args:
        deployments: Their ids.
        grace: The time that a run's process may take to appear.

    Returns:
        How many runs have a process.
    """
    alive = 0
    with get_client(sync_client=True) as client:
        for deployment in deployments:
            of_deployment = filters.FlowRunFilterDeploymentId(any_=[deployment])
            runs = [run for run in _unfinished(client, of_deployment) if not run.work_pool_name]
            processes = _engines() if runs else {}
            for run in runs:
                _settle(client, run, processes.get(str(run.id)), grace)
            alive += sum(str(run.id) in processes for run in runs)
            _keep_the_latest(client, of_deployment)
    return alive


def bury_runs_by_hand(root: Path, flows: Sequence[str]) -> None:
    """Mark runs of `flows` without a deployment as crashed, unless a verb that runs one is at work in `root`."""
    by_hand = filters.FlowRunFilterDeploymentId(is_null_=True)
    with get_client(sync_client=True) as client:
        runs = _unfinished(client, by_hand, filters.FlowFilter(name=filters.FlowFilterName(any_=list(flows))))
        if not any(_each_process(lambda process: _runs_by_hand(process, root))):
            for run in runs:
                _bury(client, run)


def _unfinished(
    client: SyncPrefectClient, deployment: filters.FlowRunFilterDeploymentId, flow: filters.FlowFilter | None = None
) -> list[FlowRun]:
    types = filters.FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
    state = filters.FlowRunFilterState(type=types)
    return client.read_flow_runs(
        flow_filter=flow, flow_run_filter=filters.FlowRunFilter(deployment_id=deployment, state=state)
    )


def _engines() -> dict[str, psutil.Process]:
    """The processes that execute a flow run, by its id; their children know the id too."""
    engines = _each_process(lambda process: (process, "prefect.engine" in process.cmdline() and process.environ()))
    return {known["PREFECT__FLOW_RUN_ID"]: process for process, known in engines if known}


def _runs_by_hand(process: psutil.Process, root: Path) -> bool:
    words = process.cmdline()
    return process.cwd() == str(root) and any(
        "alexnet" in word and words[n + 1 : n + 2] in _BY_HAND for n, word in enumerate(words)
    )


def _each_process(ask: Callable[[psutil.Process], T]) -> list[T]:
    answers = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            answers.append(ask(process))
    return answers


def _settle(client: SyncPrefectClient, run: FlowRun, process: psutil.Process | None, grace: timedelta) -> None:
    assert run.state is not None
    if process is None and run.state.timestamp > datetime.now(UTC) - grace:
        return
    if run.state.is_cancelling() and (process is None or process.ppid() != os.getpid()):
        if process:
            end_processes([process], _NOTICE)
        orphaned: State[None] = Cancelled(message="cancelled without the runner that had started it")
        client.set_flow_run_state(run.id, orphaned, force=True)
    elif process is None and run.state.is_pending():
        client.set_flow_run_state(run.id, Scheduled(message=f"{_DEAD} before it began"))
    elif process is None:
        _bury(client, run)


def _bury(client: SyncPrefectClient, run: FlowRun) -> None:
    # Prefect refuses this for a run that has ended meanwhile.
    client.set_flow_run_state(run.id, Crashed(message=_DEAD))
    of_run = filters.FlowRunFilter(id=filters.FlowRunFilterId(any_=[run.id]))
    for task in client.read_task_runs(flow_run_filter=of_run):
        if task.state and not task.state.is_final():
            client.set_task_run_state(task.id, Crashed(message=_DEAD))


def _keep_the_latest(client: SyncPrefectClient, deployment: filters.FlowRunFilterDeploymentId) -> None:
    state = filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
    due = filters.FlowRunFilterNextScheduledStartTime.model_validate({"before_": datetime.now(UTC)})
    runs = client.read_flow_runs(
        flow_run_filter=filters.FlowRunFilter(deployment_id=deployment, state=state, next_scheduled_start_time=due)
    )
    missed = sorted((run for run in runs if run.auto_scheduled), key=attrgetter("next_scheduled_start_time"))
    for run in missed[:-1]:
        client.set_flow_run_state(run.id, Cancelled(name="Skipped", message="missed; a later run does its work"))
