"""Empty repositories of git and DVC, of which there are many."""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests.kept import made_once


def make_repository(folder: Path) -> None:
    """`git init` and `dvc init` in `folder`; what DVC writes then is kept, for it would take a second each time."""
    shutil.copytree(made_once(f"dvc-{version('dvc')}", _make), folder, dirs_exist_ok=True)
    _run(folder, "git", "init", "-q")
    _run(folder, "git", "add", ".dvc", ".dvcignore")


def _make(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as new:
        _run(Path(new), "git", "init", "-q")
        _run(Path(new), sys.executable, "-m", "dvc", "init", "-q")
        shutil.copytree(new, folder, ignore=shutil.ignore_patterns(".git", "tmp"))


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)
