"""Run one stage through DVC, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from alexnet_pipe.errors import UserError
from alexnet_pipe.orchestration.commands import with_own_programs
from alexnet_pipe.orchestration.outcome import Outcome

_DVC_SAYS = re.compile(
    r"(Running stage '.*':|> |Stage '.*' (didn't change|is cached)|Updating lock file|Generating lock file|"
    r"To track the changes with git|\tgit add|To enable auto staging|\tdvc config|Use `dvc push`|"
    r"Data and pipelines are up to date|ERROR: failed to reproduce|Verifying outputs|Reproducing|WARNING: Process '.*' with \(Pid)"
)
_REASON = "alexnet-pipe: "


class StageFailedError(UserError):
    """A stage failed; the message is the stage's own reason."""


def reproduce(stage: str, root: Path, on_line: Callable[[str], None], force: bool = False) -> Outcome:
    """`dvc repro` for `stage` alone; the stages before it must be up to date.

    Args:
        stage: Its name in `dvc.yaml`.
        root: The DVC repository.
        on_line: Called with each line that the stage prints, as it comes.
        force: Run it even if nothing changed.

    Raises:
        StageFailedError: with the last line that tells the reason.
    """
    lines: list[str] = []
    with subprocess.Popen(
        # Without --wait-for-lock a stage that waits for another's bookkeeping gives up after three seconds.
        [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", *["--force"] * force, stage],
        cwd=root,
        env=with_own_programs() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in map(str.rstrip, process.stdout):
            lines.append(line)
            if line and not _DVC_SAYS.match(line):
                on_line(line.removeprefix(_REASON))
    if process.returncode != 0:
        raise StageFailedError(_reason(lines, process.returncode))
    return _outcome(lines)


def _outcome(lines: list[str]) -> Outcome:
    if any(line.startswith("Running stage") for line in lines):
        return Outcome.RAN
    if any("is cached - skipping run" in line for line in lines):
        return Outcome.CACHED
    return Outcome.UNCHANGED


def _reason(lines: list[str], status: int) -> str:
    own = [line.removeprefix(_REASON) for line in lines if line.startswith(_REASON)]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (own or errors or lines or [f"exit status {status}"])[-1]
