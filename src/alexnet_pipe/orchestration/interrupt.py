"""Ctrl-C ends a flow, DVC and the stage, at once and with one line."""

import os
import signal
import sys
from types import FrameType

import psutil

_OWN_ACCORD = 2
_NOTICE = 30


def end_on_interrupt() -> None:
    """Answer SIGINT here rather than in Prefect; call it in the main thread.

    On a terminal the signal reaches Prefect's temporary server as well, and Prefect tries for a minute to tell that
    server, which is gone, that the run was interrupted.
    """
    signal.signal(signal.SIGINT, _end)


def _end(signum: int, frame: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_IGN)
    alive = psutil.Process().children(recursive=True)
    # A terminal has told them too; one that was sent to this process alone has not.
    for seconds, end in ((_OWN_ACCORD, psutil.Process.terminate), (_NOTICE, psutil.Process.kill)):
        _, alive = psutil.wait_procs(alive, timeout=seconds)
        for process in alive:
            end(process)
    print("pipeline: interrupted; run the same command again to go on", file=sys.stderr, flush=True)
    os._exit(128 + signum)
