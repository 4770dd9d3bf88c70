"""One notice for each run that failed, crashed, was cancelled or skipped, whatever was restarted in between.

Prefect's automations forget an event whose predecessor only an earlier server saw. So the runs themselves are asked,
and those that were told of are noted in a file. A death between notice and note tells a run twice; none is left out.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.progress import say

if TYPE_CHECKING:  # Slow to import, and a notice is tried without it.
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import FlowRun, StateType

WEBHOOK = "ALEXNET_PIPE_WEBHOOK"
"""The environment variable with the address that is told of runs that do not succeed."""

TOLD = Path(".prefect/told.json")
_PATIENCE = 10.0
_LATE = timedelta(days=1)
"""A run may tell its end so long after it: the server was away."""


@dataclass
class Notices:
    """
    Attributes:
        address: Where notices are posted as JSON; None if nobody is told.
        silent: Whether the last attempt failed, which is said once.
    """

    address: str | None
    silent: bool = False

    @classmethod
    def of_environment(cls) -> "Notices":
        address = os.environ.get(WEBHOOK)
        said = (
            f"runs that fail are told to {WEBHOOK}" if address else f"{WEBHOOK} is not set: nobody is told of failures"
        )
        print(f"serve: {said}", flush=True)
        return cls(address)

    def tell(self, client: "SyncPrefectClient") -> None:
        """Post a notice of each run that has ended badly since the last time; one that cannot be posted waits."""
        if not TOLD.exists():
            save_json(TOLD, {"since": datetime.now(UTC).isoformat(), "runs": {}})
        told = load_json(TOLD)
        since, runs = datetime.fromisoformat(told["since"]), told["runs"]
        for run in _ended_badly(client, since):
            # One that is tried again is told of again.
            attempt = f"{run.id} {run.run_count}"
            if attempt in runs or _is_made_up_for(client, run):
                continue
            if self.address and not self._posted(client, run):
                return
            runs[attempt] = (run.end_time or since).isoformat()
            save_json(TOLD, {"since": since.isoformat(), "runs": runs})
        horizon = datetime.now(UTC) - _LATE
        if horizon - since > _LATE:
            recent = {attempt: end for attempt, end in runs.items() if datetime.fromisoformat(end) > horizon}
            save_json(TOLD, {"since": horizon.isoformat(), "runs": recent})

    def _posted(self, client: "SyncPrefectClient", run: "FlowRun") -> bool:
        assert self.address is not None
        try:
            post(self.address, notice(run, client.read_flow(run.flow_id).name))
        except UserError as error:
            if not self.silent:
                say(f"serve: {error}; it is tried again")
            self.silent = True
            return False
        self.silent = False
        return True


def _is_made_up_for(client: "SyncPrefectClient", run: "FlowRun") -> bool:
    """A look at what comes in that was dropped beside a training; the next hour's does its work."""
    return run.state_name == "Skipped" and client.read_flow(run.flow_id).name == "watch"


def post(address: str, content: dict[str, Any]) -> None:
    """Post `content` as JSON.

    Raises:
        UserError: if it is not taken.
    """
    # The address is a secret: neither it nor an error that quotes it is printed.
    try:
        answer = requests.post(address, json=content, timeout=_PATIENCE, allow_redirects=False)
        problem = "" if answer.status_code < 300 else f"it answers {answer.status_code} {answer.reason}"
    except requests.RequestException as error:
        problem = type(error).__name__
    if problem:
        raise UserError(f"the notice was not taken by {WEBHOOK}: {problem}")


def notice(run: "FlowRun", flow: str) -> dict[str, Any]:
    """What is told of a run: flow, name, state, why, and where to look."""
    from prefect.utilities.urls import url_for

    assert run.state is not None
    return {
        "flow": flow,
        "run": run.name,
        "state": run.state.name,
        "message": run.state.message or "",
        "link": url_for("flow-run", run.id),
    }


def send_test() -> None:
    """Post a notice that says it is a test.

    Raises:
        UserError: if there is no address, or it takes nothing.
    """
    address = os.environ.get(WEBHOOK)
    if not address:
        raise UserError(f"{WEBHOOK} is not set: set it to the address that notices are posted to")
    post(address, {"flow": "test", "run": "test", "state": "Test", "message": "a test: nothing has failed", "link": ""})


def all_runs(
    client: "SyncPrefectClient", runs: "filters.FlowRunFilter", pool: "filters.WorkPoolFilter | None" = None
) -> "list[FlowRun]":
    """All runs that `runs` lets through, of the work pool given; the server hands them out by the page."""
    found: list[FlowRun] = []
    while page := client.read_flow_runs(work_pool_filter=pool, flow_run_filter=runs, offset=len(found)):
        found += page
    return found


def in_states(types: "Iterable[StateType]") -> "filters.FlowRunFilter":
    """Lets through the runs that are in states of these types."""
    from prefect.client.schemas import filters

    return filters.FlowRunFilter(state=filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=[*types])))


def _ended_badly(client: "SyncPrefectClient", since: datetime) -> "list[FlowRun]":
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType

    ended = in_states([StateType.FAILED, StateType.CRASHED, StateType.CANCELLED])
    ended.end_time = filters.FlowRunFilterEndTime.model_validate({"after_": since})
    return sorted(all_runs(client, ended), key=lambda run: run.end_time or since)
