"""A throw-away copy of the project with a few photographs, run by DVC as a user would."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from tests.repositories import make_repository

ROOT = Path(__file__).parents[2]
COPIED = ("src", "conf", "dvc.yaml", "params.yaml", ".gitignore")
STAGES = ("settings", "download", "resize", "mean", "pca", "train", "evaluate", "report")


@dataclass
class Project:
    """Where the copy lies."""

    root: Path

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `command` with the environment's programs first on the path."""
        result = subprocess.run(
            command, cwd=self.root, env=self._environment(), capture_output=True, text=True, check=False
        )
        if check and result.returncode != 0:
            raise AssertionError(f"{command} exited with {result.returncode}:\n{result.stdout}\n{result.stderr}")
        return result

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start `command` in a session of its own, as a terminal would, its output in one stream."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**self._environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def repro(self) -> list[str]:
        """`dvc repro`; the stages that it ran, in order."""
        return ran(self.run("dvc", "repro").stdout)

    def set(self, **changes: object) -> None:
        """Change parameters, as `section__key=value`."""
        path = self.root / "params.yaml"
        content = yaml.safe_load(path.read_text())
        for name, value in changes.items():
            section, key = name.split("__")
            content[section][key] = value
        path.write_text(yaml.safe_dump(content))

    def lock(self) -> dict[str, dict[str, Any]]:
        """`dvc.lock`'s stages."""
        stages: dict[str, dict[str, Any]] = yaml.safe_load((self.root / "dvc.lock").read_text())["stages"]
        return stages


def ran(output: str) -> list[str]:
    """The stages that DVC has run, in order, as it says."""
    return [name for name in STAGES if f"Running stage '{name}':" in output]


def make_project(folder: Path, python: Path | None = None) -> Project:
    """Copy the project into `folder`, with photographs of three plain classes, for quick stages, run by `python`."""
    project = Project(folder)
    if python:
        (folder / ".venv/bin").mkdir(parents=True)
        (folder / ".venv/bin/python").symlink_to(python)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    make_repository(folder)
    # Those that `dvc init` has just written are others.
    for name in (".dvc/config", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "report").mkdir()
    (folder / "report/certificate.json").write_text("{}\n")
    (folder / "metrics").mkdir()
    (folder / "metrics/experiments.json").write_text("{}\n")
    (folder / "metrics/forms.json").write_text("{}\n")
    (folder / "metrics/suspects.json").write_text("{}\n")
    (folder / "metrics/robustness.json").write_text("{}\n")
    write_photographs(folder / "photographs")
    project.set(
        dataset__source="directory",
        dataset__location="photographs",
        resize__max_rejected=0.2,
        model__width=0.05,
        model__initialisation="he",
        train__batch_size=16,
        train__learning_rate=0.001,
        train__max_epochs=2,
        train__precision="float32",
    )
    return project


def write_photographs(folder: Path) -> None:
    """20 training and 6 test images of three colours, and one file that is no image."""
    generator = np.random.default_rng(0)
    for split, images in (("train", 20), ("test", 6)):
        for channel, name in enumerate(("red", "green", "blue")):
            (folder / split / name).mkdir(parents=True)
            for number in range(images):
                pixels = generator.integers(0, 100, (60, 80, 3), dtype=np.uint8)
                pixels[..., channel] += 120
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    (folder / "train/red/notes.jpg").write_text("not a photograph")
