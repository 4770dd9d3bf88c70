"""One run at a time in a project, with or without a server."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.processes import end_processes
from alexnet_pipe.project.rwlock import mend_rwlock

MARK = "ALEXNET_PIPE_RUN"
"""The environment variable by which the processes of a run are known, whoever their parent has become."""

NOTICE = 8.0
"""Seconds for a training to write its checkpoint."""

_LOOKS = 5
"""A process that nothing can kill must not hold up its run for ever."""


class BusyError(UserError):
    """Another run has the project."""


@contextmanager
def only_run(root: Path) -> Iterator[None]:
    """Be the only run in the project `root` until the block ends; then nothing that it started is alive.

    The lock is the kernel's: it is gone when this process is, however that dies. What a killed run has left at work is
    ended first; a training keeps its checkpoint.

    Raises:
        BusyError: if another process is inside such a block.
    """
    path = root / ".prefect/run.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _lock(file)
        mark = str(path.resolve())
        end_marked(mark)
        mend_rwlock(root)
        os.environ[MARK] = mark
        try:
            yield
        finally:
            del os.environ[MARK]
            end_marked(mark)


def goes_on() -> bool:
    """Whether this process is inside an `only_run` block that has not been left."""
    return MARK in os.environ


def end_marked(mark: str) -> None:
    """End every other process whose environment holds `mark`; those that do not end by themselves are killed."""
    # A process that is becoming another program has no environment at that moment: it is met by the next look.
    for _ in range(_LOOKS):
        if not (started := _marked(mark)):
            return
        end_processes(started, NOTICE)


def _marked(mark: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _mark_of(process) == mark]


def _lock(file: IO[str]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise BusyError(f"another run is going on here ({file.read().strip()}): wait for it, or cancel it") from None
    file.truncate(0)
    file.write(f"process {os.getpid()}, since {datetime.now():%Y-%m-%d %H:%M}")
    file.flush()


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None
