"""The retraining as a user starts it: one command, no server, a better model."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from alexnet_pipe.promotion.decision import Verdict
from tests.promotion.retraining import add_photographs, git, make_project, retrain

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def test_the_flow_finds_new_photographs_trains_compares_and_promotes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    make_project(project, wrong=15)
    assert retrain(project).verdict is Verdict.PROMOTED
    shutil.copytree(ROOT / "flows", project / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    add_photographs(project, "train", 4)
    (project / "params.yaml").write_text((project / "params.yaml").read_text().replace("seed: 15", "seed: 2"))
    git(project, "commit", "--quiet", "--all", "--message", "Another seed")

    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    done = subprocess.run(
        [sys.executable, "-m", "alexnet_pipe", "retrain"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "was downloaded, and now there is" in done.stderr
    said = "retrain: promoted as alexnet@v0.0.2: top-1 error 5.00% against the champion's 37.50%, lower beyond chance"
    assert said in done.stdout
    assert git(project, "log", "-1", "--format=%s", "alexnet#prod#2").startswith(
        "Promote a new model: top-1 error 5.00%"
    )
    assert (project / "models/alexnet.keras").read_text() == "2 10"
    with sqlite3.connect(project / ".prefect/prefect.db") as database:
        artifacts = dict(database.execute("select key, data from artifact"))
    assert "| right where the other is wrong | 0 | 13 |" in artifacts["promotion"]
    assert "data:image/svg+xml;base64," in artifacts["pipeline-picture"]
    assert re.search(r"\| top1_error_ten_view +\| 0.375 +\| 0.05 +\| -0.325 +\|", artifacts["metrics"])
