"""A dask scheduler with workers in one process, apart from the tests' own.

Dask's threads draw from the global random state, which Hypothesis watches, and leave sockets to the garbage collector.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers, each a thread."""
    command = [sys.executable, "-m", "tests.clusters", str(workers)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def _serve(workers: int) -> None:
    from distributed import LocalCluster

    settings = {"processes": False, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "protocol": "tcp"}
    with LocalCluster(workers, **settings) as started:
        print(started.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
