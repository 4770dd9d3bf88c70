"""Twenty scheduled retrainings in a row with nothing new leave nothing behind; takes minutes."""

import shutil
from pathlib import Path

import psutil
import pytest

from alexnet_pipe.promotion.decision import Verdict
from tests.promotion.retraining import git, make_project, retrain
from tests.service.services import ROOT, Project, free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.long]

WARM_UP, RUNS = 5, 20
EVERY = 20
"""Seconds between two runs, each of which takes about half of that."""

CONNECTIONS = 15
"""Of the server to SQLite at most: SQLAlchemy's pool keeps five, and opens ten more when many ask at once."""


class Retraining(Project):
    """A project with a champion, and nothing new."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self._started = folder, free_port(), []
        make_project(folder, wrong=12)
        assert retrain(folder).verdict is Verdict.PROMOTED
        for name in ("flows", "conf"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "prefect.yaml", folder)

    def schedule(self) -> None:
        deployment = self.api("/deployments/name/retrain/retrain")["id"]
        every = {"schedule": {"interval": EVERY}, "active": True}
        self.api(f"/deployments/{deployment}/schedules", [every])

    def ended(self) -> list[str]:
        """The states of the runs that have ended, but for those whose time came while another was at work."""
        ended = {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}}
        names = [run["state"]["name"] for run in self.api("/flow_runs/filter", {"flow_runs": ended})]
        return [name for name in names if name != "Skipped"]

    def size(self) -> dict[str, int]:
        """Open files and memory of server and worker, files below `.dvc/tmp`, and commits and tags."""
        found = {"files in .dvc/tmp": sum(1 for _ in (self.folder / ".dvc/tmp").rglob("*"))}
        found["commits and tags"] = len(git(self.folder, "for-each-ref").splitlines())
        for name in ("server", "serve"):
            (process,) = self.processes(f"alexnet_pipe {name} ")
            database = sum("/.prefect/prefect.db" in file.path for file in process.open_files())
            # While one connection holds a lock SQLite closes no file of the others, and uses it again for the next one.
            # So there may be as many as connections once were at the same moment: of the database, and of its log.
            assert database <= 2 * CONNECTIONS + 1
            found[f"open files of {name} beside the database's"] = process.num_fds() - database
            found[f"memory of {name}"] = process.memory_info().rss
        return found


def test_twenty_runs_in_a_row_leave_nothing_behind(tmp_path: Path) -> None:
    house = Retraining(tmp_path / "project")
    try:
        house.start_server()
        house.start_serving()
        house.schedule()
        until(lambda: len(house.ended()) >= WARM_UP, house.printed)
        before = house.size()
        until(lambda: len(house.ended()) >= WARM_UP + RUNS, house.printed, RUNS * 120)
        after = house.size()
        assert set(house.ended()) == {"Unchanged"}, house.ended()
    finally:
        house.end()
    print(before, after, psutil.cpu_count())
    for name, amount in after.items():
        allowed = 1.1 if name.startswith("memory") else 1.0
        assert amount <= allowed * before[name], f"{name}: {before[name]:,}, then {amount:,}"
