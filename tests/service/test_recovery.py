"""Runner, flow and server are killed in mid-run: no run is lost, none is done twice, none seems to run for ever."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.services import Project, project, until

pytestmark = pytest.mark.slow

# Each run has it begin, wait to be let go, and say so. It holds the one place at the accelerator meanwhile.
WAITING = "echo begun >> begun.txt; while ! test -e go; do sleep 0.1; done; rm go; echo gone > model.txt"
STAGES = {"train": {"cmd": WAITING, "outs": ["model.txt"], "always_changed": True}}


def until_begun(house: Project, times: int) -> None:
    """Wait until the stage has begun so often, ever."""
    begun = house.folder / "begun.txt"
    until(lambda: begun.exists() and begun.read_text().count("begun") == times, house.printed)


def let_go(house: Project) -> None:
    go = house.folder / "go"
    go.touch()
    until(lambda: not go.exists(), house.printed)


def kill(house: Project, *words: str) -> None:
    for word in words:
        for process in house.processes(word):
            process.kill()
            process.wait(10)


def runs(house: Project, state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.api("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": [state]}}}})
    return found


def miss_four_runs(house: Project) -> list[str]:
    """Their ids, the earliest first."""
    deployment = house.api("/deployments/name/pipeline/pipeline")["id"]
    now = datetime.now(UTC).isoformat()
    start = (datetime.now(UTC) - timedelta(days=4)).isoformat()
    house.api(
        f"/deployments/{deployment}/schedule", {"start_time": start, "end_time": now, "min_runs": 4, "max_runs": 4}
    )
    missed = {run["expected_start_time"]: run["id"] for run in runs(house, "SCHEDULED") if run["auto_scheduled"]}
    return [missed[time] for time in sorted(missed) if time < now]


def test_whoever_is_killed_no_run_is_lost_and_none_is_done_twice(tmp_path: Path) -> None:
    with project(tmp_path, STAGES) as house:
        house.start_server()
        house.start_serving()
        kill(house, "alexnet_pipe serve ")
        house.start("-m", "alexnet_pipe", "run")
        until_begun(house, 1)
        (by_hand,) = [run["id"] for run in runs(house, "RUNNING")]
        kill(house, "alexnet_pipe run ")
        not_begun = house.ask_for_a_run("other")
        house.api(f"/flow_runs/{not_begun}/set_state", {"state": {"type": "PENDING"}})
        *others, latest = miss_four_runs(house)
        house.start_serving()
        assert house.state(by_hand) == "Crashed"
        assert [house.state(run) for run in others] == ["Skipped"] * 3

        until_begun(house, 2)
        assert house.state(latest) == "Running"
        kill(house, "alexnet_pipe serve ")
        runner = house.start("-m", "alexnet_pipe", "serve")
        runner.prints("waiting for a run that has outlived its runner")
        assert house.state(latest) == "Running"
        let_go(house)
        house.reaches(latest, "Completed")

        until_begun(house, 3)
        assert house.state(not_begun) == "Running"
        kill(house, "alexnet_pipe server ")
        let_go(house)
        until(lambda: (house.folder / "model.txt").exists())
        server = house.start_server()
        house.reaches(not_begun, "Completed")

        dead = house.ask_for_a_run()
        until_begun(house, 4)
        kill(house, "alexnet_pipe serve ", "prefect.engine")
        assert house.state(dead) == "Running"
        runner = house.start_serving()
        assert house.state(dead) == "Crashed"
        tasks = house.api("/task_runs/filter", {"flow_runs": {"id": {"any_": [dead]}}})
        assert [task["state"]["name"] for task in tasks] == ["Crashed"]

        last = house.ask_for_a_run()
        until_begun(house, 5)
        house.api(f"/flow_runs/{last}/set_state", {"state": {"type": "CANCELLING"}})
        house.reaches(last, "Cancelled")

        house.ask_for_a_run()
        until_begun(house, 6)
        server.process.send_signal(signal.SIGTERM)
        assert runner.ends(signal.SIGTERM) == 0
        assert server.ends(signal.SIGTERM) == 0
        until(lambda: not house.processes())
