"""One run at a time in a project, one writer of what a stage makes, and what a dead one has left put right."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import defined_stages, outputs_of
from alexnet_pipe.base.signals import end_processes
from alexnet_pipe.project.checkout import RUN, Checkout, git

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
        with _gate(root):
            if os.environ.get(RUN) != str((root / RUN_LOCK).resolve()):
                _refuse_if_held(root / RUN_LOCK, "another run is going on here")
            for other in _in_the_way(root, stage):
                _refuse_if_held(_lock_of(root, other), f"stage {other} is at work here")
            _hold(held.enter_context(_lock_of(root, stage).open("a+", encoding="utf-8")))
        yield


def require_idle(root: Path) -> None:
    """
    Raises:
        BusyError: if a run, or a stage by itself, is at work in the project `root`.
    """
    _refuse_if_held(root / RUN_LOCK, "another run is going on here")
    _refuse_beside_stages(root)


def _refuse_beside_stages(root: Path) -> None:
    for stage in sorted((root / _STAGE_LOCKS).glob("*.lock")):
        _refuse_if_held(stage, f"stage {stage.stem} is at work here")


@contextmanager
def _gate(root: Path) -> Iterator[None]:
    """Look who is at work, and begin, without anybody in between; it is held for milliseconds."""
    (root / _STAGE_LOCKS).mkdir(parents=True, exist_ok=True)
    with (root / _STAGE_LOCKS / "gate").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _refuse_if_held(path: Path, what: str) -> None:
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


def _hold(file: IO[str]) -> None:
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


_LOOKS = 5
"""A process that nothing can kill must not hold up its run for ever."""

_GOING_ON: set[str] = set()
"""The marks of the runs of this process that have not ended."""


@contextmanager
def only_run(root: Path) -> Iterator[Checkout]:
    """Be the only run in the project `root` until the block ends; then nothing that it started is alive.

    The lock is the kernel's: it is gone when this process is, however that dies. What a killed run has left at work is
    ended first; a training keeps its checkpoint.

    Yields:
        The project, as the programs of this run know it: by this mark they are found, whoever their parent becomes.

    Raises:
        BusyError: if another process is inside such a block, or runs a stage by itself.
    """
    path = root / RUN_LOCK
    with _gate(root):
        _refuse_if_held(path, "another run is going on here")
        file = path.open("a+", encoding="utf-8")
        _hold(file)
    with file:
        mark = str(path.resolve())
        end_marked(mark)
        _refuse_beside_stages(root)
        mend_rwlock(root)
        bring_back_outputs(root)
        _GOING_ON.add(mark)
        try:
            yield Checkout(root, run=mark)
        finally:
            _GOING_ON.discard(mark)
            end_marked(mark)
            bring_back_outputs(root)


def goes_on(checkout: Checkout) -> bool:
    """Whether the run that `checkout` belongs to is one of this process, and has not ended."""
    return checkout.run in _GOING_ON


def end_marked(mark: str) -> None:
    """End every other process whose environment holds `mark`; those that do not end by themselves are killed."""
    # A process that is becoming another program has no environment at that moment: it is met by the next look.
    for _ in range(_LOOKS):
        if not (started := _marked(mark)):
            return
        end_processes(started)


def bring_back_outputs(root: Path) -> None:
    """Have the outputs that git keeps, as the model's card, in the project `root`; what is missing comes from git.

    DVC removes a stage's outputs before it runs the stage, and a stage that was ended has not written them again.
    """
    outputs = [pair for stage in defined_stages(root).values() for pair in outputs_of(stage).items()]
    if of_git := [path for path, options in outputs if not options.get("cache", True)]:
        with suppress(UserError):  # There may be no repository yet.
            deleted = git(Checkout(root), "ls-files", "--deleted", "-z", "--", *of_git).split("\0")
            if names := [name for name in deleted if name]:
                git(Checkout(root), "checkout", "--quiet", "--", *names)


def _marked(mark: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _mark_of(process) == mark]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(RUN)
    except (psutil.Error, OSError):
        return None


def mend_rwlock(root: Path) -> None:
    """Forget DVC's list of who reads and writes what in `root` if it is broken, or if all whom it names are dead.

    DVC writes the list in place, so a killed DVC may leave half of it, and no DVC runs again. And it takes for alive a
    process that has ended but was not waited for, as an orphan in a container may be, and one that has only got the
    number of a dead one, as happens when a container starts again.
    """
    path = root / ".dvc/tmp/rwlock"
    try:
        written = path.stat().st_mtime
        alive = any(_is_alive(pid, written) for pid in _pids(json.loads(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return
    except ValueError:
        alive = False
    if not alive:
        path.unlink()


def _pids(content: dict[str, Any]) -> set[int]:
    # {"write": {path: holder}, "read": {path: [holder, ...]}}
    holders = [holder for paths in content.values() for holder in paths.values()]
    each = [one for holder in holders for one in (holder if isinstance(holder, list) else [holder])]
    return {int(one["pid"]) for one in each if one}


def _is_alive(pid: int, since: float) -> bool:
    try:
        process = psutil.Process(pid)
        # Its time of birth is known to a second.
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() < since + 2
    except psutil.NoSuchProcess:
        return False
