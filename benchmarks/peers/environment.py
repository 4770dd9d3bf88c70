"""The peers' own environment, `.venv-peers`, as `requirements.txt` says: versions and digests of all that is in it.

    uv pip compile --no-config --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \\
        benchmarks/peers/requirements.in -o benchmarks/peers/requirements.txt

makes that file anew. pip installs it, which, unlike uv, also takes wheels from what the user's pip is set up to search.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from alexnet_pipe.base.fingerprint import file_digest

HERE = Path(__file__).parent
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME")
"""Settings that would install into another place."""


class Environment:
    """A folder with an environment, made by `make`; its record says what it was made from, and what is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin/python"
        self._record = folder / "installed.json"

    def make(self, lock: Path = HERE / "requirements.txt") -> None:
        """Make the environment, unless it is there already, by the same lock and without a failure.

        What cannot be installed is left out, and does not keep the rest from being installed.

        Args:
            lock: Versions and digests, in pip's form.
        """
        digest = file_digest(lock)
        if self._recorded() == {"lock": digest, "failures": {}}:
            return
        _say(f"{self.folder.name} is made; it takes some minutes, and up to 8 GB")
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True)
        whole = self._install(lock)
        failures = self._one_by_one(pins(lock.read_text())) if whole else {}
        self._record.write_text(json.dumps({"lock": digest, "failures": failures}))

    def failures(self) -> Mapping[str, str]:
        """Why a distribution could not be installed, in one line, by `name==version`."""
        failures: Mapping[str, str] = self._recorded().get("failures", {})
        return failures

    def _recorded(self) -> dict[str, Any]:
        recorded: dict[str, Any] = json.loads(self._record.read_text()) if self._record.exists() else {}
        return recorded

    def _one_by_one(self, lock: Mapping[str, str]) -> dict[str, str]:
        failures: dict[str, str] = {}
        for pin, block in lock.items():
            with NamedTemporaryFile("w", suffix=".txt") as file:
                file.write(block)
                file.flush()
                if reason := self._install(Path(file.name), "--no-deps"):
                    failures[pin] = reason
                    _say(f"{pin} could not be installed: {reason}")
        return failures

    def _install(self, lock: Path, *options: str) -> str | None:
        """Why the distributions in `lock` could not be installed, if they could not."""
        command = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
        ]
        surroundings = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        done = subprocess.run([*command, *options, "-r", str(lock)], env=surroundings, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        errors = [line.strip() for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        return (errors or [f"pip ended with exit status {done.returncode}"])[-1][:300]


def pins(lock: str) -> dict[str, str]:
    """By `name==version` what a lock says of it: its marker, if it has one, and its digests."""
    blocks = re.findall(r"^[^\s#].*(?:\n[ \t]+.*)*", lock, re.MULTILINE)
    return {block.split()[0]: block for block in blocks}


def _say(text: str) -> None:
    print(f"peers: {text}", file=sys.stderr, flush=True)
