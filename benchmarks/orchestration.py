"""What a run costs when nothing has changed, beside `dvc repro` alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alexnet_pipe.service.address import running_server
from benchmarks.measure import by_turns

_DVC = [sys.executable, "-m", "dvc", "repro"]
_MAKE = ["make", "run"]


def show(root: Path, repeats: int) -> None:
    """Seconds of a run that has nothing to do, beside `dvc repro`: without a server, and shown by one that is up."""
    said = subprocess.run(_DVC, cwd=root, capture_output=True, text=True, check=True).stdout
    print(f"a run when nothing has changed{' (after one that brought all up to date)' * ('Running' in said)}")
    assert not running_server(root), "stop the project's server: runs are measured with and without one"
    works = {"dvc repro": lambda: _run(_DVC, root), "make run": lambda: _run(_MAKE, root)}
    times = dict(by_turns(works, repeats, warm_up=1))
    with _server(root):
        times["make run, shown by a server that is up"] = by_turns({"": works["make run"]}, repeats, warm_up=1)[""]
    for name, taken in times.items():
        print(f"  {name:44} {taken}{' (at most 8 s)' * (name == 'make run')}")


def _run(command: list[str], root: Path) -> None:
    subprocess.run(command, cwd=root, capture_output=True, check=True)


@contextmanager
def _server(root: Path) -> Iterator[None]:
    """The project's server, for this block."""
    environment = {**os.environ, "PREFECT_SERVER_API_PORT": "0"}
    with subprocess.Popen([sys.executable, "-m", "alexnet_pipe", "server"], cwd=root, env=environment) as server:
        while not running_server(root):
            assert server.poll() is None, "the server did not start"
            time.sleep(0.1)
        yield
        server.terminate()
