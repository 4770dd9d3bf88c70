"""The retraining as a user starts it: one command, no server, a better model."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from alexnet_pipe.project.clones import CHALLENGER
from alexnet_pipe.promotion.decision import Verdict
from tests.promotion.retraining import add_photographs, git, make_project, retrain, state_of
from tests.service.services import Project

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, quick_python: Path) -> Path:
    """A project with a champion that gets 12 of 40 wrong, and the flows; its stages start in no time."""
    folder = tmp_path_factory.mktemp("retrain") / "project"
    with patch.object(sys, "executable", str(quick_python)):
        make_project(folder, wrong=12)
        assert retrain(folder).verdict is Verdict.PROMOTED
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def without_rehearsal(project: Path) -> Iterator[None]:
    """The flow promotes without it: what stands for a network here is a line of text, and cannot answer."""
    flow = project / "flows/retrain.py"
    text = flow.read_text()
    without = text.replace("rehearsed(copy, decide(copy, promotion), promotion)", "decide(copy, promotion)")
    assert without != text
    flow.write_text(without)
    yield
    flow.write_text(text)


def alexnet_pipe(project: Path, server: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    return subprocess.run(
        [sys.executable, "-m", "alexnet_pipe", *arguments],
        cwd=project,
        env={**inherited, **server.access},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_parameters_of_a_run_stay_in_that_run(project: Path, prefect_server: Project) -> None:
    before = state_of(project), (project / "params.yaml").read_text()
    done = alexnet_pipe(project, prefect_server, "run", "train", "--set", "train.seed=3")
    assert done.returncode == 0, done.stderr
    assert "Report: .prefect/challenger/report/index.html" in done.stdout
    assert (project / CHALLENGER / "models/alexnet.keras").read_text() == "3 6"
    assert (project / "models/alexnet.keras").read_text() == "12 6"
    assert (state_of(project), (project / "params.yaml").read_text()) == before
    unfinished = alexnet_pipe(project, prefect_server, "promote")
    assert unfinished.returncode == 1
    assert unfinished.stderr == (
        "alexnet-pipe: the challenger is not finished (evaluate): `alexnet-pipe retrain` goes on\n"
    )


def test_a_better_model_that_does_not_answer_is_refused(project: Path, prefect_server: Project) -> None:
    before = state_of(project)
    done = alexnet_pipe(project, prefect_server, "retrain", "--set", "train.seed=1")
    assert done.returncode == 0, done.stderr
    said = "refused: alexnet.keras does not answer in a process of its own: "
    assert f"retrain: {said}" in done.stdout
    assert f"**{said[:7].capitalize()}**{said[7:]}" in prefect_server.artifacts("retrain")[-1]["data"]
    assert state_of(project) == before


@pytest.mark.usefixtures("without_rehearsal")
def test_the_flow_finds_new_photographs_trains_compares_and_promotes(project: Path, prefect_server: Project) -> None:
    add_photographs(project, "train", 4)
    (project / "params.yaml").write_text((project / "params.yaml").read_text().replace("seed: 12", "seed: 2"))
    git(project, "commit", "--quiet", "--all", "--message", "Another seed")

    done = alexnet_pipe(project, prefect_server, "retrain")
    assert done.returncode == 0, done.stderr
    assert "was downloaded, and now there is" in done.stderr
    said = "retrain: promoted as alexnet@v0.0.2: top-1 error 5.00% against the champion's 30.00% on the same 40 "
    assert said in done.stdout
    assert git(project, "log", "-1", "--format=%s", "alexnet#prod#2").startswith(
        "Promote a new model: top-1 error 5.00%"
    )
    assert (project / "models/alexnet.keras").read_text() == "2 10"
    artifacts = {each["key"]: each["data"] for each in prefect_server.artifacts("retrain")}
    assert "| right where the other is wrong | 0 | 10 |" in artifacts["promotion"]
    assert "data:image/svg+xml;base64," in artifacts["pipeline-picture"]
    assert re.search(r"\| top1_error_ten_view +\| 0.3 +\| 0.05 +\| -0.25 +\|", artifacts["metrics"])
