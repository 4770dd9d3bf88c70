"""A checkout of the project, and the programs that work in it."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet_pipe.base.paths import CHECKPOINTS, HOME

RUN = "ALEXNET_PIPE_RUN"
"""The environment variable by which the processes of a run are known, whoever their parent has become."""


@dataclass(frozen=True)
class Checkout:
    """A folder with the project's files, and what the programs in it are told by their environment.

    Attributes:
        root: The folder.
        home: The project, if this is a temporary copy of it; an absolute path.
        checkpoints: Another folder for checkpoints than the project's; an absolute path.
        run: The mark of the run that works here; empty if none does.
    """

    root: Path
    home: Path | None = None
    checkpoints: Path | None = None
    run: str = ""

    @property
    def project(self) -> Path:
        """The project's folder, also of a temporary copy."""
        return self.home or self.root

    @property
    def environment(self) -> dict[str, str]:
        """Of a program in this checkout; the programs beside this Python come first."""
        told = {HOME: self.home, CHECKPOINTS: self.checkpoints, RUN: self.run}
        programs = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            **{name: str(value) for name, value in told.items() if value},
        }


def call(
    checkout: Checkout, command: Sequence[str | Path], extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, in `checkout` and with `extra` environment variables, and keep what it prints."""
    return subprocess.run(
        command,
        cwd=checkout.root,
        env={**checkout.environment, **(extra or {})},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
