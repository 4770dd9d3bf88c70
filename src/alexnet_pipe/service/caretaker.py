"""What Prefect's engine leaves to others: runs whose process is gone, runs that came at a bad time, and who is told.

A worker sees the death of its own runs only. A run that has outlived its worker, or died with it, is settled here, by
the process that the run itself names. Prefect's heartbeats would do it too, but only in minutes: they come every 30
seconds, and a window short enough would bury living runs whenever the server was away for a minute.
"""

import asyncio
import os
import platform
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import httpx
import psutil
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled, Cancelling, Crashed, Scheduled, State

from alexnet_pipe.base.signals import end_processes
from alexnet_pipe.project.run_lock import BusyError, only_run
from alexnet_pipe.service.notices import Notices, all_runs, in_states
from alexnet_pipe.service.provision import OF_POOL

WORKER = platform.node()
"""The name of the worker of this machine. Prefect notes it with each run that a worker takes."""

_SECONDS = 5
_GRACE = timedelta(seconds=30)
"""The time that the process of a run may take to be known."""

_CANCELLING = timedelta(seconds=5)
"""The time that a worker may take to cancel a run, if it does not wait for the server to come back."""

_AT_WORK = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
_DEAD = "its process was gone"
_BUSY = "another run was at work at its time"
_MISSED = "missed; a later run does its work"


def settle_at_start() -> None:
    """Before a worker starts: end what has no process, and keep the latest of the scheduled runs that were missed."""
    with get_client(sync_client=True) as client:
        for run in _runs(client, *_AT_WORK):
            _settle(client, run, timedelta(0))
        _end_tasks(client)
        _drop_scheduled(client)


async def look_after() -> None:
    """While a worker works: settle, drop and tell, again and again; a server that is away is waited for."""
    notices = Notices.of_environment()
    while True:
        with suppress(httpx.HTTPError):  # The worker says that the server is away.
            await asyncio.to_thread(_look, notices)
        await asyncio.sleep(_SECONDS)


async def cancel_all() -> None:
    """Cancel the runs at work, and wait until they have ended, half a minute at most."""
    async with get_client() as client:
        for _ in range(60):
            at_work = await client.read_flow_runs(work_pool_filter=OF_POOL, flow_run_filter=in_states(_AT_WORK))
            runs = [run for run in at_work if _worker(run) == WORKER]
            if not runs:
                return
            for run in runs:
                if run.state and not run.state.is_cancelling():
                    await client.set_flow_run_state(run.id, Cancelling(message="the worker was stopped"))
            await asyncio.sleep(0.5)


def _look(notices: Notices) -> None:
    with get_client(sync_client=True) as client:
        for run in _runs(client, *_AT_WORK):
            _settle(client, run, _GRACE)
        _end_tasks(client)
        _drop_scheduled(client)
        notices.tell(client)


def _settle(client: SyncPrefectClient, run: FlowRun, grace: timedelta) -> None:
    """End a run whose process is gone; cancel one that nobody else will; a run whose process lives goes on.

    A run that a worker of another machine has taken is left to that and to its heartbeats.
    """
    assert run.state is not None
    if _worker(run) is None:  # The worker that was about to take it has died, or is about to.
        grace = _GRACE
    elif _worker(run) != WORKER:
        return
    process = _process(run)
    waits = run.state.timestamp > datetime.now(UTC) - grace
    outlived = process is not None and process.ppid() != os.getpid()
    unheard = run.state.timestamp < datetime.now(UTC) - min(grace, _CANCELLING)
    if run.state.is_cancelling() and (outlived or unheard):
        if process:
            end_processes([process, *process.children(recursive=True)])
        orphaned: State[None] = Cancelled(message="cancelled")
        client.set_flow_run_state(run.id, orphaned, force=True)
    elif process is None and run.state.is_running() and (run.infrastructure_pid or not waits):
        _bury(client, run)
    elif process is None and run.state.is_pending() and not waits:
        client.set_flow_run_state(run.id, Scheduled(message=f"{_DEAD} before it began"))


def _worker(run: FlowRun) -> str | None:
    """The name of the worker that has taken a run."""
    name = run.labels.get("prefect.worker.name")
    return None if name is None else str(name)


def _process(run: FlowRun) -> psutil.Process | None:
    """The process of a run on this machine, if it is alive: its number may have become another's."""
    try:
        process = psutil.Process(int(run.infrastructure_pid or 0))
        mine = process.environ().get("PREFECT__FLOW_RUN_ID") == str(run.id)
    except (psutil.Error, OSError, ValueError):
        return None
    return process if mine and process.status() != psutil.STATUS_ZOMBIE else None


def _bury(client: SyncPrefectClient, run: FlowRun) -> None:
    # Prefect refuses this for a run that has ended meanwhile.
    client.set_flow_run_state(run.id, Crashed(message=_DEAD))
    with suppress(BusyError), only_run(Path.cwd()):
        pass  # Who takes the lock ends what a dead run has left at work.


def _end_tasks(client: SyncPrefectClient) -> None:
    """End the tasks of dead runs; those of a run that the worker has seen die would keep the GPU for a minute."""
    of_type = filters.TaskRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING])
    left = filters.TaskRunFilter(state=filters.TaskRunFilterState(type=of_type))
    for task in client.read_task_runs(flow_run_filter=in_states([StateType.CRASHED]), task_run_filter=left):
        assert task.flow_run_id is not None
        run = client.read_flow_run(task.flow_run_id)
        if _worker(run) == WORKER and _process(run) is None:
            client.set_task_run_state(task.id, Crashed(message=_DEAD))


def _drop_scheduled(client: SyncPrefectClient) -> None:
    """Drop the scheduled runs that are due while a run is at work; else all but the latest of each deployment."""
    busy = bool(_runs(client, *_AT_WORK))
    scheduled = in_states([StateType.SCHEDULED])
    scheduled.expected_start_time = filters.FlowRunFilterExpectedStartTime.model_validate(
        {"before_": datetime.now(UTC)}
    )
    due: dict[object, list[FlowRun]] = defaultdict(list)
    for run in all_runs(client, scheduled, OF_POOL):
        if run.auto_scheduled:
            due[run.deployment_id].append(run)
    for runs in due.values():
        missed = sorted(runs, key=attrgetter("expected_start_time"))
        for run in missed if busy else missed[:-1]:
            dropped: State[None] = Cancelled(name="Skipped", message=_BUSY if busy else _MISSED)
            client.set_flow_run_state(run.id, dropped)


def _runs(client: SyncPrefectClient, *types: StateType) -> list[FlowRun]:
    return all_runs(client, in_states(types), OF_POOL)
