"""A folder with the recipes of conf/cluster, and programs that stand in for those that they call."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.patience import HANGS

ROOT = Path(__file__).parents[2]
TOLD = ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID", "SLURM_NTASKS", "SLURM_PROCID")
"""Variables that are noted with a call."""


@dataclass(frozen=True)
class StandIns:
    """
    Attributes:
        folder: The project's, with `conf/cluster`; `.venv/bin` in it has the environment's programs.
    """

    folder: Path

    @classmethod
    def beside_recipes(cls, folder: Path) -> "StandIns":
        shutil.copytree(ROOT / "conf/cluster", folder / "conf/cluster")
        return cls(folder)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    def add(self, name: str, script: str = "", installed: bool = False) -> None:
        """A program of the environment, or one that is `installed`: it notes a call, and does `script` of Bash."""
        program = self.folder / (f"bin/{name}" if installed else f".venv/bin/{name}")
        program.parent.mkdir(parents=True, exist_ok=True)
        variables = " ".join(f"${{{variable}:+{variable}=${variable}}}" for variable in TOLD)
        program.write_text(f'#!/bin/bash\necho {name} "$@" {variables} >> "{self.folder}/called"\n{script}\n')
        program.chmod(0o755)

    def add_srun(self) -> None:
        self.add("srun", f'exec {sys.executable} {Path(__file__).parent / "srun.py"} "$@"', installed=True)

    def called(self, *names: str) -> list[str]:
        """The calls of these programs, in their order; those that came at once in that of the alphabet."""
        calls = (self.folder / "called").read_text().splitlines()
        return [call for call in calls if call.split()[0] in names]

    def start(self, recipe: str, variables: dict[str, str]) -> "subprocess.Popen[str]":
        """Start one of conf/cluster, with nothing of this process's environment, in a group of its own."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.defpath}"
        return subprocess.Popen(
            [self.folder / "conf/cluster" / recipe],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder), **variables},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, recipe: str, variables: dict[str, str]) -> int:
        """Its exit status."""
        with self.start(recipe, variables) as process:
            process.communicate(timeout=HANGS)
        return process.returncode
