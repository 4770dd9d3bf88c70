"""The command line in processes that have imported TensorFlow already: forked from one that imports it once.

For tests that start it many times, and are not about its start.
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import IO, NamedTuple

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["alexnet_pipe.cli", "alexnet_pipe.stages.train"])


class Warm(NamedTuple):
    """A process, and all that it prints, with its errors."""

    process: ForkServerProcess
    output: IO[str]


@contextmanager
def warm(folder: Path, *arguments: str) -> Iterator[Warm]:
    """`alexnet-pipe ARGUMENTS` in `folder`; killed at the end if it still runs."""
    reader, writer = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_run, args=(str(folder), arguments, dict(os.environ), writer))
    with reader:
        with writer:
            process.start()
        with open(reader.fileno(), closefd=False) as output:
            try:
                yield Warm(process, output)
            finally:
                process.kill()
                process.join()
                process.close()


def _run(folder: str, arguments: Sequence[str], environment: dict[str, str], output: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    sys.stdout, sys.stderr = (open(descriptor, "w", buffering=1, closefd=False) for descriptor in (1, 2))  # noqa: SIM115
    sys.argv = ["alexnet-pipe", *arguments]
    runpy.run_module("alexnet_pipe", run_name="__main__")
