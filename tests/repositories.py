"""Empty repositories of git and DVC, of which there are many."""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]


def make_repository(folder: Path) -> None:
    """`git init` and `dvc init` in `folder`; what DVC writes then is kept, for it would take a second each time."""
    made = ROOT / f".pytest_cache/dvc-{version('dvc')}"
    made.parent.mkdir(exist_ok=True)
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Tests run side by side.
        if not made.exists():
            _make(made)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    _run(folder, "git", "init", "-q")
    _run(folder, "git", "add", ".dvc", ".dvcignore")


def _make(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as new:
        _run(Path(new), "git", "init", "-q")
        _run(Path(new), sys.executable, "-m", "dvc", "init", "-q")
        shutil.copytree(new, folder, ignore=shutil.ignore_patterns(".git", "tmp"))


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)
