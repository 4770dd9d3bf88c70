"""Configurations run as DVC experiments in temporary copies of the project, and are compared."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.experiments.run import check_commit, run_experiment
from alexnet_pipe.params.load import Params, load_params
from alexnet_pipe.project.checkout import Checkout
from tests.repositories import make_repository
from tests.service.services import Project

ROOT = Path(__file__).parents[2]

# All stages are one here, during which somebody edits the project's params.yaml. The errors are 4 ± 12.7 points apart.
EVALUATE = """
import json, os, pathlib, sys, yaml
train = yaml.safe_load(open("params.yaml"))["train"]
project = pathlib.Path(os.environ["ALEXNET_PIPE_HOME"])
print("evaluating in", (project / "only-here.txt").read_text())
(project / "params.yaml").write_text("train: {momentum: 0.0}")
if train["momentum"] == 0:
    sys.exit("alexnet-pipe: the disk is on fire")
error = {1: 0.10, 2: 0.12}[train["seed"]] if train.get("colour_shift") != 0 else {1: 0.13, 2: 0.17}[train["seed"]]
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/test.json").write_text(json.dumps({"top1_error_ten_view": error, "top5_error_ten_view": None}))
"""
STAGES = {
    "evaluate": {
        "cmd": f"{sys.executable} evaluate.py",
        "deps": ["evaluate.py"],
        "params": ["train"],
        "metrics": [{"metrics/test.json": {"cache": False}}],
    }
}
PARAMS = "train: {momentum: 0.9}"
SET = """
published: {}
no-colour-shift: {params: {train.colour_shift: 0}, claim: {top1: "> 1"}}
no-momentum: {params: {train.momentum: 0.0}}
"""


OWN = (".git", ".dvc")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experiments")
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "conf/experiments").mkdir(parents=True)
    (folder / "conf/experiments/mine.yaml").write_text(SET)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "evaluate.py").write_text(EVALUATE)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    (folder / ".gitignore").write_text("/only-here.txt\n/.prefect/\n__pycache__/\n")
    (folder / "only-here.txt").write_text("a copy")
    make_repository(folder)
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "All")
    return folder


def run(project: Path, server: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    return subprocess.run(
        [sys.executable, "-m", "alexnet_pipe", "experiments", "mine", *arguments],
        cwd=project,
        env={**environment, "COLUMNS": "200", **server.access},
        capture_output=True,
        text=True,
        check=False,
    )


def cells(output: str, configuration: str) -> list[str]:
    """The row of a configuration, without its name."""
    line = next(line for line in output.splitlines() if line.split()[:1] == [configuration])
    return re.split(r" {2,}", line.strip())[1:]


@pytest.mark.slow
def test_experiments_run_repeat_fail_and_are_refused(project: Path, prefect_server: Project) -> None:
    first = run(project, prefect_server, "--seed", "1", "--seed", "2", "--only", "no-colour-shift")
    log = first.stdout + first.stderr
    assert first.returncode == 0, log
    assert log.count("evaluating in a copy") == 4
    assert "Task run 'no-colour-shift 2'" in log
    assert cells(first.stdout, "published") == ["2", "top-1", "11.0 ± 12.7"]
    assert cells(first.stdout, "no-colour-shift") == ["2", "top-1", "15.0 ± 25.4", "+4.0 ± 12.7", "> 1"]
    assert [path.name for path in (project / "metrics").iterdir()] == ["experiments.json"]
    (kept,) = json.loads((project / "metrics/experiments.json").read_text()).values()
    assert {name: each["difference"] for name, each in kept["configurations"].items()} == {
        "published": None,
        "no-colour-shift": {"mean": 0.04, "margin": 0.127062},
    }
    assert not (project / ".prefect/experiments").exists()

    (project / "params.yaml").write_text(PARAMS)
    second = run(project, prefect_server, "--seed", "1")
    log = second.stdout + second.stderr
    assert second.returncode == 1
    assert log.count("Finished in state Cached('all from the run cache'") == 2
    assert "alexnet-pipe: no-momentum 1: the disk is on fire" in second.stderr.splitlines()
    assert "Traceback" not in log
    assert cells(second.stdout, "no-colour-shift") == ["1", "top-1", "13.0 ± ?", "+3.0 ± ?", "> 1"]
    assert cells(second.stdout, "no-momentum") == ["0 of 1", "top-1", "–", "–"]
    kept = [(each["data"], each["description"]) for each in prefect_server.artifacts("experiments")]
    assert ["13.0" in table for table, _ in kept] == [False, True]
    assert kept[1][1].endswith("Failed: no-momentum 1: the disk is on fire")

    (project / "conf/experiments/mine.yaml").write_text("published: {params: {train.sed: 1}}\n")
    refused = run(project, prefect_server, "--seed", "1")
    assert refused.returncode == 1
    assert (
        "alexnet-pipe: conf/experiments/mine.yaml: published: train.sed is not a known parameter; "
        "did you mean train.seed?" in refused.stderr.splitlines()
    )


def test_experiments_need_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UserError, match="has no commit: commit the project first"):
        check_commit(Checkout(tmp_path))
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Empty")
    assert len(check_commit(Checkout(tmp_path))) == 40


@pytest.mark.slow
def test_an_experiment_has_what_is_not_committed_and_never_touches_it(project: Path, tmp_path: Path) -> None:
    here = copied(project, tmp_path / "project")
    edited = (here / "evaluate.py").read_text().replace("evaluating in", "edited in")
    (here / "evaluate.py").write_text(edited.replace('(project / "params.yaml").write_text', "print"))
    (here / "staged.txt").touch()
    git(here, "add", "staged.txt")
    before = files(here)
    lines: list[str] = []
    params = Params.model_validate({"train": {"seed": 1, "momentum": 0.9}})
    experiment = run_experiment(Checkout(here), "mine-1", params, lines.append)
    assert experiment.metrics["top1_error_ten_view"] == 0.10
    assert "edited in a copy" in lines
    assert files(here) == before
    stashes = ["git", "for-each-ref", "refs/stash", "refs/exps/stash"]
    assert subprocess.run(stashes, cwd=here, capture_output=True, check=True).stdout == b""


@pytest.mark.slow
def test_what_an_experiment_has_made_serves_where_the_committed_outputs_are_lost(project: Path, tmp_path: Path) -> None:
    here = copied(project, tmp_path / "project")
    # Another processor's weights would be others.
    evaluate = (here / "evaluate.py").read_text().replace('(project / "params.yaml").write_text', "print")
    (here / "evaluate.py").write_text(evaluate + 'pathlib.Path("model.txt").write_text(os.urandom(8).hex())\n')
    (here / "params.yaml").write_text("train: {momentum: 0.9, seed: 1}\n")
    stages = {"evaluate": {**STAGES["evaluate"], "outs": ["model.txt"]}}
    (here / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    environment = {**os.environ, "ALEXNET_PIPE_HOME": str(here)}
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=here, env=environment, check=True)
    git(here, "add", "--all")
    git(here, "commit", "-q", "-m", "A model")
    shutil.rmtree(here / ".dvc/cache")
    (here / "model.txt").unlink()
    params = load_params(here / "params.yaml")
    twice = [run_experiment(Checkout(here), "mine-1", params, print).cached for _ in range(2)]
    assert twice == [False, True]


def copied(project: Path, here: Path) -> Path:
    """The project as it was committed, in another folder."""
    shutil.copytree(project, here)
    git(here, "checkout", "-q", "--force", "HEAD")
    return here


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Number and time of each file that a person works on: one that was put away and brought back has others."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    kept = {path.relative_to(folder): path.stat() for path in paths}
    return {str(path): (at.st_ino, at.st_mtime_ns) for path, at in kept.items() if path.parts[0] not in OWN}
