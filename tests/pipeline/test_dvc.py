"""DVC runs what a change calls for, and nothing else; the same inputs give the same bytes."""

import json
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from alexnet_pipe.base.fingerprint import file_digest
from tests.patience import HANGS
from tests.pipeline.project import STAGES, Project, make_project, ran

pytestmark = pytest.mark.slow

DATA_STAGES = ("download", "resize", "mean", "pca")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, python_with_tensorflow: Path) -> Project:
    """A project that has been run once, each stage by a Python that need not import TensorFlow again."""
    project = make_project(tmp_path_factory.mktemp("project"), python_with_tensorflow)
    assert sorted(project.repro()) == sorted(STAGES)
    return project


def test_the_whole_journey_leaves_model_metrics_and_report(project: Project) -> None:
    metrics = json.loads((project.root / "metrics/test.json").read_text())
    assert metrics["examples"] == 18
    assert metrics["top5_error"] is None
    assert 0 <= metrics["top1_error_ten_view"] <= 1
    assert (project.root / "models/alexnet.keras").exists()
    told = json.loads((project.root / "models/alexnet.intoto.json").read_text())
    assert told["subject"][0]["digest"]["sha256"] == file_digest(project.root / "models/alexnet.keras")
    assert told["subject"][0]["digest"]["md5"] == _model(project.lock())
    described = json.loads((project.root / "data/croissant.json").read_text())
    assert described["distribution"][0]["sha256"] == file_digest(project.root / "data/manifest.parquet")
    assert "top-1 error" in (project.root / "report/index.html").read_text()
    rejected = pd.read_parquet(project.root / "data/rejected.parquet")
    assert list(rejected["member"].str.endswith("notes.jpg")) == [True]


def test_a_second_run_does_nothing(project: Project) -> None:
    assert project.repro() == []


def test_a_change_in_the_ground_makes_nothing_stale(project: Project) -> None:
    touch(project, "base")
    assert project.repro() == []


def test_deleted_outputs_come_back_the_same_and_leave_nothing_to_evaluate(project: Project) -> None:
    before = project.lock()
    for folder in ("data", "models", "statistics", ".dvc/cache/runs", ".dvc/tmp"):
        shutil.rmtree(project.root / folder)
    evaluated = {out["md5"] for out in before["evaluate"]["outs"]}
    for path in (project.root / ".dvc/cache/files/md5").glob("*/*"):
        if path.parent.name + path.name not in evaluated:
            path.unlink()
    assert project.repro() == ["settings", *DATA_STAGES, "train", "report"]  # It shows how long training took.
    assert {name: project.lock()[name] for name in DATA_STAGES} == {name: before[name] for name in DATA_STAGES}
    assert _model(project.lock()) == _model(before)


def test_an_interrupted_training_goes_on_after_a_change_in_the_ground_and_starts_again_with_other_code(
    project: Project,
) -> None:
    project.set(train__max_epochs=40)
    interrupt(project, after="epoch 2 of at most")
    assert len(pd.read_csv(project.root / "metrics/history.csv")) >= 1
    touch(project, "base")
    assert any("going on after step" in line for line in interrupt(project, after="epoch 3 of at most"))
    touch(project, "training")
    project.set(train__max_epochs=2, train__learning_rate=0.002)
    output = project.run("dvc", "repro", "train").stdout
    assert "going on after step" not in output
    assert "epoch 1 of at most" in output
    # A change of training leaves the data alone.
    assert ran(output) == ["settings", "train"]


def interrupt(project: Project, after: str) -> list[str]:
    """What `dvc repro` has printed before it gets Ctrl-C, which is when a line with `after` comes."""
    with project.start("dvc", "repro") as running:
        assert running.stdout is not None
        printed = []
        for line in running.stdout:
            printed.append(line)
            if after in line:
                break
        else:
            raise AssertionError("".join(printed))
        os.killpg(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=HANGS)
    assert running.returncode != 0
    assert "stopped by SIGINT; run the same command again to go on" in output
    assert "Traceback" not in output
    return printed


def touch(project: Project, package: str) -> None:
    """Change every module of a package in what decides nothing."""
    for path in (project.root / "src/alexnet_pipe" / package).glob("*.py"):
        path.write_text(path.read_text() + "\n# touched\n")


def test_a_change_of_the_resize_reruns_everything_after_it(project: Project) -> None:
    project.set(resize__policy="squash")
    assert project.repro() == ["settings", "resize", "mean", "pca", "train", "evaluate", "report"]


def test_a_change_of_the_report_reruns_the_report_only(project: Project) -> None:
    touch(project, "reporting")
    assert project.repro() == ["report"]


def test_a_mistake_is_one_line_and_removes_nothing(project: Project) -> None:
    params, metrics = project.root / "params.yaml", project.root / "metrics/test.json"
    before, model, metrics_before = (
        params.read_text(),
        (project.root / "models/alexnet.keras").read_bytes(),
        metrics.read_text(),
    )
    project.set(train__learning_rat=0.1, resize__policy="crop")
    failed = project.run("dvc", "repro", check=False)
    assert failed.returncode != 0
    assert "train.learning_rat is not a known parameter; did you mean train.learning_rate?" in failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr
    assert (project.root / "models/alexnet.keras").read_bytes() == model
    assert metrics.read_text() == metrics_before
    params.write_text(before)
    assert project.repro() == []


def _model(lock: Mapping[str, Any]) -> str:
    return next(out["md5"] for out in lock["train"]["outs"] if out["path"] == "models/alexnet.keras")


def test_the_copy_does_not_use_the_projects_own_source(project: Project) -> None:
    where = project.run("env", "PYTHONPATH=src", "python", "-c", "import alexnet_pipe; print(alexnet_pipe.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(project.root)
