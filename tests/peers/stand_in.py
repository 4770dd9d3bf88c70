"""Works that need no library: what `benchmarks.peers.program` runs in tests."""

import os
import signal
import time
from pathlib import Path
from typing import NoReturn

from benchmarks.peers.program import Options, Work


def noted(options: Options) -> Work:
    """Every repetition is a line of the file `notes`; the peer's child adds one as long as it runs."""
    notes = Path(options["notes"])
    print("a library that talks")  # It must not be taken for an answer.

    def repeat() -> int:
        with notes.open("a") as file:
            file.write(f"{options['name']}\n")
        return 3

    return Work(repeat, "1 thread", ("numpy",))


def restless(options: Options) -> Work:
    """A child counts as fast as it can, in the file `ticks`."""
    ticks = Path(options["ticks"])
    if os.fork() == 0:
        count = 0
        while True:
            count += 1
            ticks.write_text(str(count))
            time.sleep(0.001)
    return Work(lambda: 1, "2 processes", ())


def absent(options: Options) -> Work:
    """What a package that is not installed does."""
    raise ModuleNotFoundError("No module named 'torch'")


def breaks(options: Options) -> Work:
    """In the second turn; the first warms up."""
    done = []

    def repeat() -> int:
        done.append(1)
        if len(done) > 2:
            raise ValueError("the loss is\nnot a number")
        return 1

    return Work(repeat, "1", ())


def killed(options: Options) -> NoReturn:
    """As the system does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
