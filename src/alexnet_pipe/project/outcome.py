"""What became of a stage."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What DVC did for a stage, if it came to that."""

    RAN = "ran"
    UNCHANGED = "up to date"
    CACHED = "restored from the run cache"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class StageRun:
    """
    Attributes:
        outcome: What became of the stage.
        seconds: How long that took; 0 of a stage that failed or was not reached.
        reason: Why it failed, in one line.
    """

    outcome: Outcome
    seconds: float
    reason: str = ""
