"""Worker, flow and server are killed in mid-run: no run is lost, none is done twice, none seems to run for ever."""

import signal
from pathlib import Path

import pytest

from tests.service.services import Project, give_database, project, until

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


def other(house: Project) -> str:
    """The API's path to the second deployment."""
    return f"/deployments/{house.api('/deployments/name/pipeline/other')['id']}"


def states_of_tasks(house: Project, run: str) -> set[str]:
    tasks = house.api("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    return {task["state"]["name"] for task in tasks}


def test_whoever_is_killed_no_run_is_lost_and_none_is_done_twice(tmp_path: Path) -> None:
    with project(tmp_path, STAGES) as house:
        give_database(tmp_path)
        house.start_server(PREFECT_SERVER_API_DEFAULT_LIMIT="3")  # More runs than one answer of the server holds.
        house.start_serving()
        house.kill("alexnet_pipe serve ")
        house.api(other(house), {"description": "by hand"}, "PATCH")
        elsewhere = house.run_elsewhere()
        worker = house.start_serving()
        assert house.api(other(house))["description"] == "by hand"  # What is as prefect.yaml says is not deployed anew.
        assert house.state(elsewhere) == "Running"
        assert worker.ends(signal.SIGTERM) == 0
        assert house.state(elsewhere) == "Running"
        house.api(f"/flow_runs/{elsewhere}/set_state", {"state": {"type": "COMPLETED"}})

        *others, latest = house.miss_runs(7)
        house.start_serving()
        assert [house.state(run) for run in others] == ["Skipped"] * 6
        until_begun(house, 1)
        assert house.state(latest) == "Running"

        house.kill("alexnet_pipe serve ")
        house.api(other(house), method="DELETE")
        house.start_serving()
        waiting = house.ask_for_a_run("other")
        assert house.state(latest) == "Running"
        let_go(house)
        house.reaches(latest, "Completed")

        until_begun(house, 2)
        assert house.state(waiting) == "Running"
        house.kill("alexnet_pipe server ")
        let_go(house)
        until(lambda: (house.folder / "model.txt").exists())
        server = house.start_server()
        house.reaches(waiting, "Completed")

        dead = house.ask_for_a_run()
        until_begun(house, 3)
        house.kill("prefect.engine")
        house.reaches(dead, "Crashed")
        until(lambda: states_of_tasks(house, dead) == {"Crashed"}, house.printed)  # It gives up the accelerator.

        dead = house.ask_for_a_run()
        until_begun(house, 4)
        house.kill("alexnet_pipe serve ", "prefect.engine")
        assert house.state(dead) == "Running"
        worker = house.start_serving()
        house.reaches(dead, "Crashed")
        assert states_of_tasks(house, dead) == {"Crashed"}
        until(lambda: not house.processes("dvc"), house.printed)

        last = house.ask_for_a_run()
        until_begun(house, 5)
        house.kill("alexnet_pipe serve ")
        house.cancel(last)
        worker = house.start_serving()
        house.reaches(last, "Cancelled")
        until(lambda: not house.processes("dvc"), house.printed)

        house.ask_for_a_run()
        until_begun(house, 6)
        server.process.send_signal(signal.SIGTERM)
        assert worker.ends(signal.SIGHUP) == 0
        assert server.ends(signal.SIGTERM) == 0
        until(lambda: not house.processes(), lambda: f"{house.command_lines()}\n{house.printed()}")
