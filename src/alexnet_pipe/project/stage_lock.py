"""One writer at a time: a stage that writes what another reads or writes does not begin beside it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import defined_stages, outputs_of
from alexnet_pipe.project.checkout import RUN

RUN_LOCK = Path(".prefect/run.lock")
_STAGE_LOCKS = Path(".prefect/stages")


class BusyError(UserError):
    """Another process has the project, or the stage."""


@contextmanager
def only_writer(root: Path, stage: str) -> Iterator[None]:
    """Run `stage` in the project `root`, alone with what it writes and reads, until the block ends.

    The lock is the kernel's: it is gone when this process is, however that dies. It holds for whoever starts a stage:
    a run, DVC, DVC again whose first stage it has left behind, or a person in a second terminal.

    Raises:
        BusyError: if a run has the project that this process is no part of, or if a stage is at work that writes what
            this one reads or writes, or reads what this one writes.
    """
    with ExitStack() as held:
        with gate(root):
            if os.environ.get(RUN) != str((root / RUN_LOCK).resolve()):
                refuse_if_held(root / RUN_LOCK, "another run is going on here")
            for other in _in_the_way(root, stage):
                refuse_if_held(_lock_of(root, other), f"stage {other} is at work here")
            hold(held.enter_context(_lock_of(root, stage).open("a+", encoding="utf-8")))
        yield


@contextmanager
def gate(root: Path) -> Iterator[None]:
    """Look who is at work, and begin, without anybody in between; it is held for milliseconds."""
    (root / _STAGE_LOCKS).mkdir(parents=True, exist_ok=True)
    with (root / _STAGE_LOCKS / "gate").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def refuse_if_stages_are_at_work(root: Path) -> None:
    """
    Raises:
        BusyError: if a stage of the project `root` is running.
    """
    for path in sorted((root / _STAGE_LOCKS).glob("*.lock")):
        refuse_if_held(path, f"stage {path.stem} is at work here")


def refuse_if_held(path: Path, what: str) -> None:
    """
    Raises:
        BusyError: that says `what` is going on, if a process holds the lock `path`.
    """
    if path.exists():
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(f"{what} ({file.read().strip()}): wait for it, or cancel it") from None


def hold(file: IO[str]) -> None:
    """Lock `file`, which nobody holds, until it is closed; it says by whom and since when."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    file.truncate(0)
    file.write(f"process {os.getpid()}, since {datetime.now():%Y-%m-%d %H:%M}")
    file.flush()


def _lock_of(root: Path, stage: str) -> Path:
    return root / _STAGE_LOCKS / f"{stage}.lock"


def _in_the_way(root: Path, stage: str) -> list[str]:
    """`stage` itself, and the stages of `dvc.yaml` that must not run beside it."""
    stages = defined_stages(root)
    reads = {name: {*entry.get("deps", [])} for name, entry in stages.items()}
    writes = {name: {*outputs_of(entry)} for name, entry in stages.items()}
    if stage not in stages:
        return [stage]
    return [
        name
        for name in stages
        if name == stage or writes[name] & (reads[stage] | writes[stage]) or writes[stage] & reads[name]
    ]
