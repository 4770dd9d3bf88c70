"""What the workers of these tests run; a module of its own, so that they can import it."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alexnet_pipe.cluster.mapping import Result


@dataclass(frozen=True)
class Job:
    """
    Attributes:
        name: Of the shard.
        log: A file that every run of the shard adds a line to.
        deadly: Whether the first run ends its own process as `kill -9` does.
    """

    name: str
    log: Path
    deadly: bool = False
    images: int = 1

    def holds(self, _: Result) -> bool:
        return not self.log.with_suffix(".gone").exists()


def square(job: Job) -> Result:
    with job.log.open("a") as log:
        log.write("x")
    if job.deadly and job.log.stat().st_size == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": np.array(int(job.name) ** 2), "text": np.array("ü" * int(job.name))}


def fail(job: Job) -> Result:
    raise OSError(28, "No space left on device", job.name)


def end(job: Job) -> Result:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
