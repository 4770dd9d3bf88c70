"""A scheduler that is running already is used, if its workers can do the work; otherwise one line says why not."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distributed import Client

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.cluster import connect
from alexnet_pipe.cluster.connect import SCHEDULER, connected
from alexnet_pipe.cluster.mapping import map_shards
from tests.cluster.jobs import Job, square

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@contextmanager
def scheduler(workers: int) -> Iterator[str]:
    """The address of a scheduler with workers, each a process of its own, as on other machines."""
    with dask("scheduler", "--port", "0") as started:
        address = said(started, "Scheduler at:")
        if not workers:
            yield address
            return
        with dask("worker", address, "--nworkers", str(workers), "--nthreads", "1") as others:
            for _ in range(workers):
                said(others, "Registered to:")
            yield address


@contextmanager
def dask(*command: str) -> Iterator[subprocess.Popen[str]]:
    """`dask COMMAND`, which is ended with the block."""
    arguments = [sys.executable, "-m", "dask", *command, "--host", "127.0.0.1", "--no-dashboard"]
    with subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def said(process: subprocess.Popen[str], words: str) -> str:
    """The last word of the next line with `words` in it, which is waited for."""
    assert process.stderr is not None
    return next(line.split()[-1] for line in process.stderr if words in line)


def test_remote_workers_do_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scheduler(2) as address:
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
    wait = Client.wait_for_workers
    monkeypatch.setattr(Client, "wait_for_workers", lambda client, workers, timeout: wait(client, workers, timeout=0.1))
    with scheduler(0) as address:
        monkeypatch.setenv(SCHEDULER, address)
        with pytest.raises(UserError, match="the scheduler has no workers: start some with `dask worker`"):
            connected(tmp_path).__enter__()
