"""Programs as they run on a terminal."""

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def run_on_terminal(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit status, and all that the program writes."""
    terminal, end = pty.openpty()
    shown: list[bytes] = []
    with subprocess.Popen(
        command, cwd=folder, env={**environment, "TERM": "xterm"}, stdin=end, stdout=end, stderr=end
    ) as process:
        os.close(end)
        with suppress(OSError):  # The end of what a terminal has to read.
            while piece := os.read(terminal, 4096):
                shown.append(piece)
    os.close(terminal)
    return process.returncode, b"".join(shown).decode(errors="replace")
