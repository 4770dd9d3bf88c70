"""Ctrl-C and SIGTERM, for every verb of the command line.

Whatever they end has the exit status 128 and the signal's number, 130 or 143, but for a service: its supervisor stops
it by SIGTERM, and that is its proper end, with status 0.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType, TracebackType
from typing import Any

from alexnet_pipe.base.errors import StoppedError

INTERRUPTED = 128 + signal.SIGINT
"""The exit status after Ctrl-C."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_OWN_ACCORD = 2
_NOTICE = 30


class StopRequest:
    """Inside its `with` block the signals are noted; `check` acts on them."""

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `StoppedError` if a signal has come."""
        if self._signal is not None:
            raise StoppedError(self._signal)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number


def stop_when_told() -> None:
    """From now on, both signals raise `StoppedError` in the main thread.

    A program that a script has put into the background ignores Ctrl-C unless it says otherwise.
    """
    for number in _SIGNALS:
        signal.signal(number, _stop)


def until_told(work: Callable[[], None]) -> None:
    """Do the `work` of a service, which a signal ends.

    Raises:
        StoppedError: after Ctrl-C.
    """
    stop_when_told()
    try:
        work()
    except StoppedError as stopped:
        if stopped.status == INTERRUPTED:
            raise
        print(stopped, flush=True)


def end_all_when_told(name: str) -> None:
    """From now on, both signals end this process and all that it has started, and say so in one line.

    On a terminal SIGINT reaches Prefect's temporary server as well, and Prefect tries for a minute to tell that server,
    which is gone, that the run was interrupted. After a SIGTERM it leaves that server behind.

    Args:
        name: What the line begins with.
    """
    for number in _SIGNALS:
        signal.signal(number, partial(_end_all, name))


def _stop(number: int, frame: FrameType | None) -> None:
    raise StoppedError(number)


def _end_all(name: str, number: int, frame: FrameType | None) -> None:
    # Not needed before, and the command line is to start at once.
    import psutil

    from alexnet_pipe.base.processes import end_processes, wait_for

    signal.signal(number, signal.SIG_IGN)
    alive = psutil.Process().children(recursive=True)
    # A terminal has told them too; one that was sent to this process alone has not.
    end_processes(wait_for(alive, _OWN_ACCORD), _NOTICE)
    print(f"{name}: interrupted; run the same command again to go on", file=sys.stderr, flush=True)
    os._exit(128 + number)
