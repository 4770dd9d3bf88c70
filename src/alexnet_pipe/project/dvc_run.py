"""Run DVC in a process of its own, and listen to what the stages say."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.project.commands import with_own_programs

_DVC_SAYS = re.compile(
    r"(Running stage '.*':|> |Stage '.*' (didn't change|is cached)|Updating lock file|Generating lock file|"
    r"To track the changes with git|\tgit add|To enable auto staging|\tdvc config|Use `dvc push`|"
    r"Data and pipelines are up to date|ERROR: failed to reproduce|Verifying outputs|Reproducing|"
    r"WARNING: Process '.*' with \(Pid|Ran experiment|To apply the results|\tdvc exp apply|"
    r"WARNING: No file hash info found)"
)
_REASON = "alexnet-pipe: "


class DvcError(UserError):
    """DVC failed; the message is the reason of the stage that did."""


def run_dvc(
    arguments: Sequence[str], root: Path, on_line: Callable[[str], None], extra: Mapping[str, str] | None = None
) -> list[str]:
    """Run `dvc` with `arguments`.

    Args:
        arguments: As on a command line.
        root: The DVC repository.
        on_line: Called with each line that a stage prints, as it comes.
        extra: Environment variables.

    Returns:
        All lines, DVC's own too.

    Raises:
        DvcError: with the last line that tells the reason.
    """
    lines: list[str] = []
    with subprocess.Popen(
        # Without --wait-for-lock a process that waits for another's bookkeeping gives up after three seconds.
        [sys.executable, "-m", "dvc", "--wait-for-lock", *arguments],
        cwd=root,
        env={**with_own_programs(), "PYTHONUNBUFFERED": "1", **(extra or {})},
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
        raise DvcError(_reason(lines, process.returncode))
    return lines


def _reason(lines: list[str], status: int) -> str:
    own = [line.removeprefix(_REASON) for line in lines if line.startswith(_REASON)]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (own or errors or lines or [f"exit status {status}"])[-1]
