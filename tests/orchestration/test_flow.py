"""The flow, for real: Prefect without a server, DVC, and stages that are shell commands."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from alexnet_pipe.project.run_lock import only_run
from tests.patience import HANGS
from tests.repositories import make_repository
from tests.service.services import Project, give_database, until

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

INTERVAL = {"low": 0.05, "high": 0.2}
METRICS = {
    "examples": 60,
    "top1_error": 0.1,
    "top1_error_interval": INTERVAL,
    "top5_error": None,
    "top5_error_interval": None,
    "top1_error_ten_view": 0.1,
    "top1_error_ten_view_interval": INTERVAL,
    "top5_error_ten_view": None,
    "top5_error_ten_view_interval": None,
}
STAGES = {
    "download": {
        "cmd": "test -e tried || { touch tried; echo 'alexnet-pipe: temporary failure: no answer' >&2; exit 1; }; "
        "cat in.txt > source.txt",
        "deps": ["in.txt"],
        "outs": ["source.txt"],
    },
    "mean": {"cmd": "echo averaging; cat source.txt > mean.txt", "deps": ["source.txt"], "outs": ["mean.txt"]},
    "evaluate": {
        "cmd": "grep -q 1 mean.txt || { echo 'alexnet-pipe: no such luck' >&2; exit 1; }; mkdir -p metrics; "
        f"echo '{json.dumps(METRICS)}' > metrics/test.json",
        "deps": ["mean.txt"],
        "metrics": [{"metrics/test.json": {"cache": False}}],
    },
    "report": {"cmd": "cat metrics/test.json > page.html", "deps": ["metrics/test.json"], "outs": ["page.html"]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flow")
    make_project(folder, STAGES)
    (folder / "in.txt").write_text("1")
    give_database(folder)
    return folder


def make_project(folder: Path, stages: dict[str, dict[str, Any]]) -> None:
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "params.yaml").write_text("{}\n")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    make_repository(folder)


COMMAND = [sys.executable, "-m", "alexnet_pipe", "run"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}


def run(project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, cwd=project, env=environment() | variables, capture_output=True, text=True, check=False
    )


def test_the_flow_runs_repeats_fails_and_refuses(project: Path, prefect_server: Project) -> None:
    first = run(project)
    assert first.returncode == 0, first.stderr
    log = first.stdout + first.stderr
    assert "averaging" in log
    assert "Retry 1/3 will start" in log
    assert "10.0% (5.0% to 20.0%)" in first.stdout
    assert "Report: report/index.html" in first.stdout
    with closing(sqlite3.connect(project / ".prefect/prefect.db")) as database:
        assert database.execute("SELECT count(*) FROM flow_run").fetchone() == (1,)
    assert not (project / ".prefect/memo_store.toml").exists()  # With it, a server would believe that it has all.

    second = run(project)
    assert second.returncode == 0
    assert "Nothing to do: all 4 stages are up to date." in second.stdout
    assert "averaging" not in second.stdout + second.stderr
    assert "temporary server" not in second.stdout + second.stderr

    (project / "in.txt").write_text("2")
    failed = run(project, **prefect_server.access)
    assert failed.returncode == 1
    assert "alexnet-pipe: evaluate: no such luck" in failed.stderr.splitlines()
    assert "Traceback" not in failed.stdout + failed.stderr
    assert "Retry" not in failed.stdout + failed.stderr
    assert not (project / "page.html").exists() or (project / "page.html").read_text().startswith("{")

    (project / "params.yaml").write_text("train:\n  sed: 1\n")
    (project / "in.txt").write_text("1")
    refused = run(project)
    assert refused.returncode == 1
    assert "train.sed is not a known parameter; did you mean train.seed?" in refused.stderr
    assert (project / "mean.txt").read_text() == "2"

    with only_run(project):
        second = run(project)
    assert second.returncode == 1
    assert f"alexnet-pipe: another run is going on here (process {os.getpid()}" in second.stderr


@pytest.mark.parametrize(
    ("signal_to", "number"),
    [
        *((send, number) for number in (signal.SIGINT, signal.SIGTERM) for send in (os.killpg, os.kill)),
        (os.kill, signal.SIGHUP),
    ],
    ids=[
        "as a terminal does",
        "SIGINT to the flow alone",
        "as a supervisor does",
        "SIGTERM to the flow alone",
        "SIGHUP",
    ],
)
def test_an_interrupt_ends_everything_at_once(
    signal_to: Callable[[int, int], None], number: int, tmp_path: Path
) -> None:
    # DVC removes both outputs before the stage runs; git keeps one of them.
    stage = {"cmd": "echo averaging; sleep 300", "outs": ["mean.txt", {"card.md": {"cache": False}}]}
    make_project(tmp_path, {"mean": stage})
    give_database(tmp_path)
    (tmp_path / "card.md").write_text("the model")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["add", "."], [*identity, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    with subprocess.Popen(
        COMMAND,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as flow:
        assert flow.stdout is not None
        assert any("averaging" in line for line in flow.stdout)
        signal_to(flow.pid, number)
        lines = flow.communicate(timeout=HANGS)[0].splitlines()
    assert flow.returncode == 128 + number
    assert lines[-1] == f"alexnet-pipe: stopped by {signal.Signals(number).name}; run the same command again to go on"
    assert not any("Traceback" in line for line in lines)
    # Nothing of the session is left, Prefect's server neither, as soon as the system has noticed.
    until(lambda: not session_exists(flow.pid))
    assert (tmp_path / "card.md").read_text() == "the model"


def session_exists(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
