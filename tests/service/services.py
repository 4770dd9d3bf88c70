"""A miniature project whose server, runner and workers are real processes, none of which outlives its test."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import psutil
import yaml

from tests.kept import made_once
from tests.repositories import make_repository

ROOT = Path(__file__).parents[2]
DEADLINE = 600.0
"""Seconds after which something hangs; a busy machine is slow, and no test may take that for a fault."""
MARK = "ALEXNET_PIPE_TEST"
T = TypeVar("T")


class Service:
    """A process of a project, and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def prints(self, text: str) -> None:
        """Wait until it has printed `text`."""
        until(lambda: text in self.printed() or self.process.poll() is not None, self.printed)
        assert text in self.printed(), self.printed()

    def ends(self, number: int) -> int:
        """Send the signal `number`; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


class Project:
    """A DVC repository with the stages given and the real flows; `pipeline` is deployed twice, once as `other`."""

    def __init__(self, folder: Path, stages: Mapping[str, Any]) -> None:
        self.folder = folder
        self.port = free_port()
        self._started: list[subprocess.Popen[bytes]] = []
        shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "params.yaml").write_text("{}\n")
        self.stages(stages)
        content = yaml.safe_load((ROOT / "prefect.yaml").read_text())
        pipeline, retrain, *_ = content["deployments"]
        content["deployments"] = [{**pipeline, "schedules": retrain["schedules"]}, {**pipeline, "name": "other"}]
        (folder / "prefect.yaml").write_text(yaml.safe_dump(content))
        make_repository(folder)

    def stages(self, stages: Mapping[str, Any]) -> None:
        (self.folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": dict(stages)}, sort_keys=False))

    def start(self, *command: str, **environment: str) -> Service:
        """Start `python COMMAND` in the project, in a session of its own."""
        log = self.folder / f"{len(list(self.folder.glob('*.log')))}.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.folder,
                env={
                    **inherited,
                    MARK: str(self.folder),
                    "PREFECT_SERVER_API_PORT": str(self.port),
                    "PYTHONUNBUFFERED": "1",
                    **environment,
                },
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return Service(process, log)

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def start_server(self, **environment: str) -> Service:
        """One that lists no kinds of blocks, unless told to: nobody here uses any, and it takes two seconds."""
        quick = {"PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false", **environment}
        server = self.start("-m", "alexnet_pipe", "server", **quick)
        server.prints("Prefect at http://")
        return server

    def start_serving(self, *options: str, **environment: str) -> Service:
        quick = {"PREFECT_WORKER_QUERY_SECONDS": "1", **environment}
        worker = self.start("-m", "alexnet_pipe", "serve", *options, **quick)
        worker.prints("serving the deployments of prefect.yaml")
        return worker

    def api(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """GET `path`, or POST `body` to it, unless told otherwise."""
        request = urllib.request.Request(
            f"{self.api_url}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self.authorisation()},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            # SQLite was busy, and has done nothing; Prefect's own clients try again as well.
            return self.api(path, body, method)

    def artifacts(self, flow: str) -> list[dict[str, Any]]:
        """Those of all runs of `flow`, the earliest first."""
        found = self.api("/artifacts/filter", {"flows": {"name": {"any_": [flow]}}})
        return sorted(found, key=lambda artifact: artifact["created"])

    @property
    def access(self) -> dict[str, str]:
        """The environment of a program that uses the server."""
        return {"PREFECT_API_URL": self.api_url, "PREFECT_API_AUTH_STRING": self._password()}

    def authorisation(self) -> dict[str, str]:
        """What shows the server that one may read the project's password."""
        return {"Authorization": f"Basic {base64.b64encode(self._password().encode()).decode()}"}

    def _password(self) -> str:
        return (self.folder / ".prefect/authentication").read_text().strip()

    def printed(self) -> str:
        """What its processes have printed, each after the other."""
        return "\n".join(log.read_text(errors="replace") for log in sorted(self.folder.glob("*.log")))

    def ask_for_a_run(self, of: str = "pipeline") -> str:
        """Its id."""
        deployment = self.api(f"/deployments/name/pipeline/{of}")["id"]
        return str(self.api(f"/deployments/{deployment}/create_flow_run", {"state": {"type": "SCHEDULED"}})["id"])

    def run_elsewhere(self) -> str:
        """A run that another machine's worker is said to have at work; its id."""
        run = self.ask_for_a_run()
        for state in ("PENDING", "RUNNING"):
            self.api(f"/flow_runs/{run}/set_state", {"state": {"type": state}})
        self.api(f"/flow_runs/{run}/labels", {"prefect.worker.name": "elsewhere"}, "PATCH")
        self.api(f"/flow_runs/{run}", {"infrastructure_pid": str(2**22)}, "PATCH")
        return run

    def miss_runs(self, count: int) -> list[str]:
        """Have the schedule of `pipeline` make `count` runs that should have begun; their ids, the earliest first."""
        deployment = self.api("/deployments/name/pipeline/pipeline")["id"]
        now, start = datetime.now(UTC), datetime.now(UTC) - timedelta(days=count)
        times = {"start_time": start.isoformat(), "end_time": now.isoformat()}
        self.api(f"/deployments/{deployment}/schedule", {**times, "min_runs": count, "max_runs": count})
        runs = self.runs("SCHEDULED")
        due = {run["expected_start_time"]: run["id"] for run in runs if run["auto_scheduled"]}
        return [due[time] for time in sorted(due) if time < now.isoformat()]

    def runs(self, state: str) -> list[dict[str, Any]]:
        """All runs whose state is of the type `state`."""
        found: list[dict[str, Any]] = []
        asked = {"flow_runs": {"state": {"type": {"any_": [state]}}}}
        while page := self.api("/flow_runs/filter", {**asked, "offset": len(found)}):
            found += page
        return found

    def cancel(self, run: str) -> None:
        self.api(f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})

    def kill(self, *words: str) -> None:
        """kill -9 those of its processes that have one of `words` in their command line."""
        for word in words:
            for process in self.processes(word):
                process.kill()
                process.wait(DEADLINE)

    def state(self, run: str) -> str:
        """The name of a run's state."""
        return str(self.api(f"/flow_runs/{run}")["state"]["name"])

    def reaches(self, run: str, *states: str) -> None:
        """Wait until `run` is in one of `states`."""
        until(lambda: self.state(run) in states, lambda: f"{self.api(f'/flow_runs/{run}')['state']}, not {states}")

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Those that this project has started, directly or not, with `word` in their command line."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(MARK) == str(self.folder) and word in " ".join([*process.cmdline(), ""]):
                    found.append(process)
        return found

    def command_lines(self) -> str:
        """Those of the processes that are left of it."""
        return "\n".join(str(process) + " " + " ".join(process.cmdline()) for process in self.processes())

    def end(self) -> None:
        """Kill all that is left of it."""
        while alive := self.processes():
            for process in alive:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(alive, timeout=DEADLINE)
        for process in self._started:
            process.wait(DEADLINE)


@contextmanager
def project(folder: Path, stages: Mapping[str, Any]) -> Iterator[Project]:
    """A project in `folder`; no process of it is left at the end."""
    made = Project(folder, stages)
    try:
        yield made
    finally:
        made.end()


def give_database(folder: Path) -> None:
    """Have the project in `folder` an empty database of Prefect's, which a first server would make in six seconds."""
    made = made_once(f"prefect-{version('prefect')}.db", _make_database)
    (folder / ".prefect").mkdir(mode=0o700)
    shutil.copy(made, folder / ".prefect/prefect.db")


def _make_database(path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    with tempfile.TemporaryDirectory(dir=path.parent) as home:
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
            env={**inherited, "PREFECT_HOME": home, "DO_NOT_TRACK": "1"},
            capture_output=True,
            check=True,
        )
        Path(home, "prefect.db").rename(path)


def until(condition: Callable[[], Any], found: Callable[[], Any] = str, deadline: float = DEADLINE) -> None:
    """Wait until `condition` holds; `found` says what there is instead."""
    end, pause = time.monotonic() + deadline, 0.02
    while not condition():
        assert time.monotonic() < end, found()
        time.sleep(pause)
        pause = min(1.2 * pause, 0.5)  # To ask is work, for a server too.


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
