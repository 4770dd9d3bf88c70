"""A scheduler that is running already is used, if its workers can do the work; otherwise one line says why not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.cluster import connect
from alexnet_pipe.cluster.connect import SCHEDULER, connected
from alexnet_pipe.cluster.mapping import map_shards
from tests.cluster.jobs import Job, square

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@contextmanager
def scheduler(workers: int, folder: Path, **environment: str) -> Iterator[str]:
    """The address of a scheduler with workers, each a process of its own, as on other machines."""
    address = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    commands = [[*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]]
    if workers:
        count = ["--nworkers", str(workers), "--nthreads", "1"]
        commands.append([*dask, "worker", *count, "--no-dashboard", "--host", "127.0.0.1"])
    processes = [
        subprocess.Popen(
            [*command, "--scheduler-file", str(address)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command in commands
    ]
    try:
        yield _address(address, processes[0])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _address(file: Path, process: subprocess.Popen[bytes]) -> str:
    import json

    while not file.exists():
        assert process.poll() is None
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    return str(json.loads(file.read_text())["address"])


def test_remote_workers_do_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scheduler(2, tmp_path) as address:
        monkeypatch.setenv(SCHEDULER, address)
        works = [Job(str(number), tmp_path / f"{number}.log") for number in range(6)]
        results = dict(map_shards("squares", square, works, tmp_path))
        assert [int(results[number]["square"]) for number in range(6)] == [0, 1, 4, 9, 16, 25]


@pytest.mark.usefixtures("shared_cluster")
def test_a_worker_that_does_not_see_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_sees", lambda path: (False, connect.code_digest()))
    with pytest.raises(UserError, match=rf"worker tcp://.* does not see {tmp_path}: all workers must share"):
        connected(tmp_path).__enter__()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("shared_cluster")
def test_a_worker_with_other_code_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_sees", lambda path: (True, "other"))
    with pytest.raises(UserError, match=r"worker tcp://.* runs another version of alexnet-pipe: install the same"):
        connected(tmp_path).__enter__()


def test_a_scheduler_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "PATIENCE", 0.5)
    for address, reason in (("tcp://127.0.0.1:9", "OSError|TimeoutError"), ("nonsense://x", "ValueError")):
        monkeypatch.setenv(SCHEDULER, address)
        with pytest.raises(UserError, match=rf"{SCHEDULER}={address}: no scheduler answers there \(({reason})\)"):
            connected(tmp_path).__enter__()


def test_a_scheduler_without_workers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scheduler(0, tmp_path) as address:
        monkeypatch.setenv(SCHEDULER, address)
        monkeypatch.setattr(connect, "PATIENCE", 2)
        with pytest.raises(UserError, match="the scheduler has no workers: start some with `dask worker`"):
            connected(tmp_path).__enter__()
