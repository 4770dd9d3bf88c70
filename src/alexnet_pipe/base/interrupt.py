"""Ctrl-C and SIGTERM end a flow, DVC and the stage, at once and with one line."""

import os
import signal
import sys
from functools import partial
from types import FrameType

import psutil

from alexnet_pipe.base.processes import end_processes, wait_for

_OWN_ACCORD = 2
_NOTICE = 30


def end_on_interrupt(command: str) -> None:
    """Answer SIGINT here rather than in Prefect, and SIGTERM after it; call it in the main thread.

    On a terminal SIGINT reaches Prefect's temporary server as well, and Prefect tries for a minute to tell that server,
    which is gone, that the run was interrupted. After a SIGTERM it leaves that server behind.

    Args:
        command: What the line begins with.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_end, command))


def _end(command: str, signum: int, frame: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_IGN)
    alive = psutil.Process().children(recursive=True)
    # A terminal has told them too; one that was sent to this process alone has not.
    end_processes(wait_for(alive, _OWN_ACCORD), _NOTICE)
    print(f"{command}: interrupted; run the same command again to go on", file=sys.stderr, flush=True)
    os._exit(128 + signum)
