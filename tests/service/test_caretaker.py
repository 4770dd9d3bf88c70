"""The tasks of a run that is dead give up their place at the accelerator; those of a run that is alive keep it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas import filters
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.states import Completed, Crashed, Running, State

from alexnet_pipe.service import caretaker

NOBODY = 2**22
"""A number that no process has."""


class Server:
    """As much of Prefect's client as the caretaker uses; what it knows is in memory."""

    def __init__(self, *runs: FlowRun) -> None:
        self.runs = {run.id: run for run in runs}
        self.tasks: dict[UUID, TaskRun] = {}

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, run: FlowRun, state: State) -> UUID:
        """Have a task of `run` in `state`; its id."""
        task = TaskRun(flow_run_id=run.id, task_key="train", dynamic_key=str(len(self.tasks)), state=state)
        self.tasks[task.id] = task
        return task.id

    def read_flow_run(self, flow_run: UUID) -> FlowRun:
        return self.runs[flow_run]

    def read_flow_runs(self, *, flow_run_filter: filters.FlowRunFilter, offset: int = 0, **_: object) -> list[FlowRun]:
        return [run for run in self.runs.values() if _is_in(run, flow_run_filter)][offset:]

    def read_task_runs(
        self, *, flow_run_filter: filters.FlowRunFilter, task_run_filter: filters.TaskRunFilter
    ) -> list[TaskRun]:
        runs = {run.id for run in self.read_flow_runs(flow_run_filter=flow_run_filter)}
        return [task for task in self.tasks.values() if task.flow_run_id in runs and _is_in(task, task_run_filter)]

    def set_task_run_state(self, task: UUID, state: State) -> None:
        self.tasks[task] = self.tasks[task].model_copy(update={"state": state})


def _is_in(run: FlowRun | TaskRun, wanted: filters.FlowRunFilter | filters.TaskRunFilter) -> bool:
    assert run.state
    assert wanted.state
    assert wanted.state.type
    return run.state.type in (wanted.state.type.any_ or ())


def run_of(worker: str = caretaker.WORKER, process: int = NOBODY, run: UUID | None = None) -> FlowRun:
    """A run that is known to have crashed, and who had it."""
    return FlowRun(
        id=run or uuid4(),
        flow_id=uuid4(),
        state=Crashed(),
        labels={"prefect.worker.name": worker},
        infrastructure_pid=str(process),
    )


@pytest.fixture
def alive() -> Iterator[FlowRun]:
    """A run whose process is at work, whatever is said of it."""
    run = uuid4()
    environment = {**os.environ, "PREFECT__FLOW_RUN_ID": str(run)}
    with subprocess.Popen([sys.executable, "-c", "input()"], env=environment, stdin=subprocess.PIPE) as process:
        yield run_of(process=process.pid, run=run)
        process.kill()


def test_the_tasks_of_a_dead_run_are_ended_and_no_others(alive: FlowRun, monkeypatch: pytest.MonkeyPatch) -> None:
    dead, elsewhere = run_of(), run_of(worker="elsewhere")
    server = Server(dead, elsewhere, alive)
    at_work, done = server.begin(dead, Running()), server.begin(dead, Completed())
    others = [server.begin(elsewhere, Running()), server.begin(alive, Running())]
    monkeypatch.setattr(caretaker, "get_client", lambda sync_client: server)
    caretaker.settle_at_start()
    states = {task: known.state.name for task, known in server.tasks.items() if known.state}
    assert states == {at_work: "Crashed", done: "Completed", **dict.fromkeys(others, "Running")}
