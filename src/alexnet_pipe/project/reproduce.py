"""Run one stage through DVC."""

from collections.abc import Callable
from pathlib import Path

from alexnet_pipe.project.dvc_run import run_dvc
from alexnet_pipe.project.outcome import Outcome


def reproduce(stage: str, root: Path, on_line: Callable[[str], None], force: bool = False) -> Outcome:
    """`dvc repro` for `stage` alone; the stages before it must be up to date.

    Args:
        stage: Its name in `dvc.yaml`.
        root: The DVC repository.
        on_line: Called with each line that the stage prints, as it comes.
        force: Run it even if nothing changed.

    Raises:
        DvcError: with the stage's own reason.
    """
    lines = run_dvc(["repro", "--single-item", *["--force"] * force, stage], root, on_line)
    if any(line.startswith("Running stage") for line in lines):
        return Outcome.RAN
    if any("is cached - skipping run" in line for line in lines):
        return Outcome.CACHED
    return Outcome.UNCHANGED
