"""What Prefect costs when nothing has changed: the flow against `dvc repro` alone."""

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
_FLOW = [sys.executable, "-m", "alexnet_pipe", "run"]


def show(root: Path, repeats: int) -> None:
    """Seconds that the flow takes beyond `dvc repro`, with a server of its own and with one that is up."""
    said = subprocess.run(_DVC, cwd=root, capture_output=True, text=True, check=True).stdout
    print(f"a run when nothing has changed{' (after one that brought all up to date)' * ('Running' in said)}")
    with _server(root):
        times = by_turns(
            {
                "dvc repro": lambda: _run(_DVC, root),
                "without a server": lambda: _run(_FLOW, root, PREFECT_API_URL=""),
                "with a server up": lambda: _run(_FLOW, root),
            },
            repeats,
            warm_up=1,
        )
    plain = times.pop("dvc repro")
    print(f"  {'dvc repro':44} {plain}")
    for (name, taken), limit in zip(times.items(), (25, 8), strict=True):
        print(f"  {f'flow {name}':44} {taken.median - plain.median:.1f} s more (at most {limit})")


def _run(command: list[str], root: Path, **extra: str) -> None:
    subprocess.run(command, cwd=root, env={**os.environ, **extra}, capture_output=True, check=True)


@contextmanager
def _server(root: Path) -> Iterator[None]:
    """The project's server, which is there already or is started for this block."""
    if running_server(root):
        yield
        return
    environment = {**os.environ, "PREFECT_SERVER_API_PORT": "0"}
    with subprocess.Popen([sys.executable, "-m", "alexnet_pipe", "server"], cwd=root, env=environment) as server:
        while not running_server(root):
            assert server.poll() is None, "the server did not start"
            time.sleep(0.1)
        yield
        server.terminate()
