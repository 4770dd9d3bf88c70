"""A command that works until it is told to stop."""

import signal
import sys
from collections.abc import Callable
from types import FrameType

from alexnet_pipe.base.errors import StoppedError, UserError


def run_service(name: str, work: Callable[[], None]) -> int:
    """Do `work`, which a signal ends, or a mistake of the user's; either is one line that begins with `name`.

    Returns:
        The exit status: 130 after Ctrl-C, 0 after SIGTERM, 1 after a mistake.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        work()
    except StoppedError as stopped:
        print(f"{name}: stopped", flush=True)
        return stopped.status if stopped.status == 128 + signal.SIGINT else 0
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.status
    return 0


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedError(number)
