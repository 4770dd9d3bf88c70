"""Where a page comes from, as git and DVC know it; what they do not know is left out."""

import json
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alexnet_pipe.reporting.origin import load_provenance

METRICS = {"top1_error": 0.25}


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@b")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, with one commit."""
    git(tmp_path, "init", "-q")
    root = tmp_path / "project"
    (root / "metrics").mkdir(parents=True)
    (root / "metrics/test.json").write_text(json.dumps(METRICS))
    (root / "params.yaml").write_text("a: 1\n")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-qm", "first")
    return root


def lock(root: Path, **stages: dict[str, object]) -> None:
    with (root / "dvc.lock").open("w") as file:
        YAML().dump({"schema": "2.0", "stages": stages}, file)


def test_the_last_commit_has_a_revision_a_date_and_its_metrics(project: Path) -> None:
    commit = load_provenance(project, "tensorflow").commit
    assert commit
    assert commit.revision == git(project, "rev-parse", "HEAD")
    assert commit.date == git(project, "log", "-1", "--format=%cd", "--date=short")
    assert commit.test_metrics == METRICS
    assert not commit.changed


def test_what_a_run_writes_is_no_change_but_parameters_are(project: Path) -> None:
    (project / "metrics/test.json").write_text("{}")
    lock(project)
    commit = load_provenance(project, "tensorflow").commit
    assert commit
    assert not commit.changed
    assert commit.test_metrics == METRICS
    (project / "params.yaml").write_text("a: 2\n")
    commit = load_provenance(project, "tensorflow").commit
    assert commit
    assert commit.changed


def test_a_commit_without_metrics_has_none(project: Path) -> None:
    git(project, "rm", "-q", "metrics/test.json")
    git(project, "commit", "-qm", "second")
    commit = load_provenance(project, "tensorflow").commit
    assert commit
    assert commit.test_metrics is None


def test_without_a_commit_a_repository_or_git_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert load_provenance(tmp_path, "tensorflow").commit is None
    git(tmp_path, "init", "-q")
    assert load_provenance(tmp_path, "tensorflow").commit is None
    monkeypatch.setenv("PATH", "")
    assert load_provenance(tmp_path, "tensorflow").commit is None


def test_digests_are_those_of_dvc_lock(tmp_path: Path) -> None:
    assert load_provenance(tmp_path, "tensorflow").lock is None
    train = {"outs": [{"path": "models/alexnet.keras", "md5": "1a"}]}
    lock(tmp_path, train=train)
    first = load_provenance(tmp_path, "tensorflow")
    assert first.digests == {"models/alexnet.keras": "1a"}
    lock(tmp_path, train=train, report={"outs": [{"path": "report/index.html", "md5": "2b"}]})
    assert load_provenance(tmp_path, "tensorflow").lock == first.lock
    lock(tmp_path, train={"outs": [{"path": "models/alexnet.keras", "md5": "3c"}]})
    assert load_provenance(tmp_path, "tensorflow").lock != first.lock


def test_versions_are_of_what_decides_results_as_far_as_it_is_there(tmp_path: Path) -> None:
    import numpy

    versions = load_provenance(tmp_path, "no such backend").versions
    assert set(versions) == {"keras", "numpy"}
    assert versions["numpy"] == numpy.__version__
    assert "tensorflow" in load_provenance(tmp_path, "tensorflow").versions
