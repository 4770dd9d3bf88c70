"""Somebody who has configured nothing but git, and runs commands."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., str]


def newcomer(home: Path, **variables: str) -> Run:
    """What runs a command in a folder for somebody whose home is `home`, and gives what it prints."""
    (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    environment = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        **variables,
    }

    def run(folder: Path, *command: str) -> str:
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, f"{command}:\n{result.stdout}\n{result.stderr}"
        return result.stdout

    return run
