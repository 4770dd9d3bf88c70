"""`alexnet-pipe`, and `python -m alexnet_pipe`: a signal is one line from the first moment on."""

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line, which takes a while to import."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # As `nohup` leaves it.
            signal.signal(number, _stop)
    from alexnet_pipe.cli import main as run

    run()


def _stop(number: int, _: FrameType | None) -> None:
    # Nothing has begun, and Python would show where in its imports it stood.
    name = signal.Signals(number).name
    try:
        os.write(2, f"alexnet-pipe: stopped by {name}; run the same command again to go on\n".encode())
    finally:  # The terminal may be gone.
        os._exit(128 + number)


if __name__ == "__main__":
    main()
