"""Ctrl-C, SIGTERM and the end of a terminal, alike in every verb: one line, nothing left at work, status 128 + signal.

A program that a script has put into the background ignores Ctrl-C unless it says otherwise, and all of these do.
`server`, `serve`, `serve-model` and `demo` end with 0 after SIGTERM, or without their terminal: so a supervisor ends
what works until it is told to stop.
"""

import atexit
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

import psutil

from alexnet_pipe.base.errors import StoppedError

_OUTLASTS = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
STOPPING = (signal.SIGINT, signal.SIGTERM) if _OUTLASTS else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the work; what `nohup` has started outlasts its terminal."""

NOTICE = 8.0
"""Seconds for a training to write its checkpoint."""


def unwind_on_signals() -> None:
    """Have a signal raise `StoppedError` in the main thread, where this is called; what is open is left in order."""
    for number in STOPPING:
        signal.signal(number, _unwind)
    # At its very end Python forgets handlers of its own, and a SIGTERM that comes then would change the exit status.
    atexit.register(signal.signal, signal.SIGTERM, signal.SIG_IGN)
    # A fork is no command, and ends as any process does. What comes while it is made waits, or Python would forget it.
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_let_go_in_fork)


def exit_on_signals(put_right: Callable[[], None]) -> None:
    """Have a signal end this process with all that it has started, from where it stands; call it in the main thread.

    For what runs under Prefect: unwound, it would try for minutes to tell a server of its own that is gone already.
    No block that is open is left in order: `put_right` is called when all is quiet.
    """
    for number in STOPPING:
        signal.signal(number, partial(_exit, put_right))


@contextmanager
def as_service() -> Iterator[None]:
    """What works until it is told to stop: SIGTERM, or the end of its terminal, ends the block, and is no failure."""
    if signal.SIGHUP in STOPPING:  # Uvicorn knows the other two alone.
        signal.signal(signal.SIGHUP, _terminate)
    try:
        yield
    except StoppedError as stopped:
        ended = StoppedError(stopped.number, advice="")
        if ended.number != signal.SIGTERM:
            raise ended from None
        with suppress(OSError):  # The terminal may be gone.
            print(ended, flush=True)


@contextmanager
def keeping_nothing() -> Iterator[None]:
    """What begins anew after it was stopped, and is told so."""
    try:
        yield
    except StoppedError as stopped:
        raise StoppedError(stopped.number, advice="; nothing was kept: the same command begins anew") from None


@contextmanager
def held_signals() -> Iterator[Callable[[], None]]:
    """Inside the block the signals are noted; what it is given raises `StoppedError` if one has come."""
    come: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        come.append(number)

    def check() -> None:
        if come:
            raise StoppedError(come[-1])

    with given_signals(note):
        yield check


@contextmanager
def given_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Inside the block `handler` gets the signals that end the work."""
    before = {number: signal.signal(number, handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def end_processes(processes: Collection[psutil.Process]) -> None:
    """Tell `processes` to end; those that are alive after `NOTICE` seconds are killed."""
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                end(process)
        deadline = time.monotonic() + NOTICE
        # psutil's own wait would take a child's exit status from the thread that started it.
        while (alive := any(map(_is_alive, processes))) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not alive:
            return


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _unwind(number: int, _: FrameType | None) -> None:
    # `make`, a shell and a supervisor tell the process again that its group has been told already.
    for each in STOPPING[1:]:
        signal.signal(each, _nothing)
    raise StoppedError(number)


def _terminate(_number: int, _: FrameType | None) -> None:
    signal.raise_signal(signal.SIGTERM)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def _let_go_in_fork() -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_DFL)
    _let_go()


def _exit(put_right: Callable[[], None], number: int, _: FrameType | None) -> None:
    for each in STOPPING:
        signal.signal(each, signal.SIG_IGN)
    # The other threads see their work fail now, and would tell of it.
    standard_error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    end_processes(psutil.Process().children(recursive=True))
    put_right()
    stopped = StoppedError(number)
    with suppress(OSError):  # The terminal may be gone.
        os.write(standard_error, f"alexnet-pipe: {stopped}\n".encode())
    os._exit(stopped.status)


def _nothing(number: int, _: FrameType | None) -> None:
    pass
