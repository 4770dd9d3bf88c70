"""Programs that a flow runs to their end."""

import os
import subprocess
import sys
from pathlib import Path

from dvc.repo import Repo

from alexnet_pipe.base.errors import UserError


class CommandError(UserError):
    """A program failed; the message is the line that tells why."""


def git(root: Path, *arguments: str, extra: dict[str, str] | None = None) -> str:
    """What `git` prints, run in `root` with `extra` environment variables."""
    return _output(["git", *arguments], root, extra or {})


def dvc(root: Path, *arguments: str) -> str:
    """What `dvc` prints, run in `root`."""
    return _output([sys.executable, "-m", "dvc", *arguments], root, {})


def default_remote(root: Path) -> str | None:
    """The DVC remote that `dvc push` and `dvc fetch` use, if there is one."""
    with Repo(str(root)) as repo:
        name: str | None = repo.config["core"].get("remote")
    return name


def with_own_programs() -> dict[str, str]:
    """The environment, in which the programs beside this Python come first."""
    programs = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def _output(command: list[str], root: Path, extra: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=root,
        env=with_own_programs() | extra,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        name = " ".join(word for word in command[:4] if word not in ("-m", sys.executable))
        raise CommandError(f"`{name}` failed: {_reason(done.stdout + done.stderr) or done.returncode}")
    return done.stdout.strip()


def _reason(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR: ", "fatal: ", "error: "))]
    return (errors or lines or [""])[-1].removeprefix("ERROR: ")
