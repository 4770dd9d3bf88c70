"""`alexnet-pipe compare` as a user runs it, on a project of git and DVC with results but no pipeline to run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.store.store_files import INDEX_FILE, shard_name

PREDICTIONS = ["evaluation/predictions.parquet", "evaluation/confusion.csv"]
PIPELINE = {
    "stages": {
        "prepare": {"cmd": "true", "outs": ["data/images"]},
        "train": {
            "cmd": "true",
            "params": ["train"],
            "outs": ["models/alexnet.keras"],
            "metrics": [{"metrics/train.json": {"cache": False}}],
        },
        "evaluate": {
            "cmd": "true",
            "deps": ["data/images", "models/alexnet.keras"],
            "outs": PREDICTIONS,
            "metrics": [{"metrics/test.json": {"cache": False}}],
        },
        "after": {"cmd": "true", "params": ["train"], "deps": PREDICTIONS, "outs": ["page"]},
    },
    "artifacts": {"alexnet": {"path": "models/alexnet.keras", "type": "model"}},
}
pytestmark = pytest.mark.slow


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.prefix, 'bin')}:{os.environ['PATH']}",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def succeed(folder: Path, *command: str) -> str:
    done = run(folder, *command)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def compare(folder: Path, *arguments: str) -> str:
    return succeed(folder, sys.executable, "-m", "alexnet_pipe", "compare", *arguments)


def dvc(folder: Path, *arguments: str) -> None:
    succeed(folder, sys.executable, "-m", "dvc", *arguments)


def fail(folder: Path, *arguments: str) -> str:
    """The one line that it ends with."""
    done = run(folder, sys.executable, "-m", "alexnet_pipe", "compare", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def write_results(root: Path, seed: int, right: int) -> None:
    """Those of a model that takes `right` of 20 photographs for what they are."""
    artifacts = Artifacts(root)
    for path in (artifacts.images / INDEX_FILE, artifacts.model, artifacts.predictions, artifacts.test_metrics):
        path.parent.mkdir(parents=True, exist_ok=True)
    hits = [place < right for place in range(20)]
    rows = pd.DataFrame({"member": [f"{n}.jpg" for n in range(20)], "sha256": [f"{n:064x}" for n in range(20)]})
    index = rows.assign(split="test", shard=shard_name("test", 0), row=range(20))
    index.to_parquet(artifacts.images / INDEX_FILE)
    np.save(artifacts.images / shard_name("test", 0), np.full((20, 256, 256, 3), 90, np.uint8))
    best = [[0, 1] if hit else [1, 0] for hit in hits]
    views = {f"top5{views}": best for views in ("", "_ten_view")}
    rows.assign(label=0, label_probability_ten_view=0.5, **views).to_parquet(artifacts.predictions)
    names = pd.DataFrame({"actual": "cat", "predicted": ["cat" if hit else "dog" for hit in hits]})
    names.to_csv(artifacts.confusion, index=False)
    artifacts.model.write_text(f"model {seed}")
    artifacts.train_metrics.write_text(json.dumps({"weights_digest": f"digest {seed}"}))
    artifacts.test_metrics.write_text(json.dumps({"top5_error": None}))
    (root / "params.yaml").write_text(yaml.safe_dump({"train": {"seed": seed}}))
    (root / "page").touch()
    dvc(root, "commit", "--force", "--quiet", "prepare", "train", "evaluate", *([] if seed > 1 else ["after"]))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, as_quick_python: None) -> Path:
    """Three versions: v1.0.0, in production, then a commit, then the workspace; their data in a remote as well."""
    root = tmp_path_factory.mktemp("project")
    succeed(root, "git", "init", "--quiet")
    dvc(root, "init", "--quiet")
    dvc(root, "remote", "add", "--quiet", "--default", "store", str(tmp_path_factory.mktemp("store")))
    (root / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    succeed(root, "git", "add", ".")
    succeed(root, "git", "commit", "--quiet", "--message", "no results yet")
    for seed, right in ((1, 10), (2, 15)):
        write_results(root, seed, right)
        succeed(root, "git", "add", ".")
        succeed(root, "git", "commit", "--quiet", "--message", f"seed {seed}")
    succeed(root, "gto", "register", "alexnet", "HEAD~1", "--version", "v1.0.0")
    succeed(root, "gto", "assign", "alexnet", "--version", "v1.0.0", "--stage", "prod")
    dvc(root, "push", "--quiet", "--all-commits")
    write_results(root, 3, 8)
    return root


@pytest.mark.parametrize("first", ["alexnet@v1.0.0", "alexnet@prod", "HEAD~1"])
def test_a_version_a_stage_and_a_commit_are_compared_with_the_workspace(project: Path, first: str) -> None:
    said = compare(project, first)
    assert "20 test images, the same in both" in said
    assert "50.00% (29.93% to 70.07%)" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["train.seed", "1", "3"] in rows
    assert ["8.jpg", "cat", "cat", "dog"] in rows
    assert ["9.jpg", "cat", "cat", "dog"] in rows


def test_a_page_with_the_images_that_changed_sides_is_written(project: Path, tmp_path: Path) -> None:
    page = tmp_path / "new/page.html"
    said = compare(project, "alexnet@v1.0.0", "HEAD", "--html", str(page))
    assert f"compare: {page}" in said
    assert page.read_text().count("data:image/webp") == 5


def test_what_is_neither_in_workspace_nor_cache_comes_from_the_remote(project: Path, tmp_path: Path) -> None:
    clone, page = tmp_path / "clone", tmp_path / "page.html"
    succeed(tmp_path, "git", "clone", "--quiet", str(project), str(clone))
    said = compare(clone, "alexnet@v1.0.0", "HEAD", "--html", str(page))
    assert "50.00% (29.93% to 70.07%)" in said
    assert page.read_text().count("data:image/webp") == 5


def test_what_cannot_be_had_is_one_line_that_says_how_to_get_it(project: Path, tmp_path: Path) -> None:
    succeed(tmp_path, "git", "clone", "--quiet", str(project), "clone")
    dvc(tmp_path / "clone", "remote", "modify", "store", "url", str(tmp_path / "empty"))
    line = fail(tmp_path / "clone", "HEAD~1", "HEAD")
    assert line.startswith("alexnet-pipe: evaluation/")
    assert "of HEAD~1 is neither in DVC's cache nor in its remote" in line
    assert "dvc push --all-commits" in line


def test_an_unknown_revision_and_one_without_results_are_one_line(project: Path, tmp_path: Path) -> None:
    assert "HEAD~9 is no revision of this project" in fail(project, "HEAD~9")
    assert "alexnet@staging: there is no such stage or version; there are v1.0.0, prod" in fail(
        project, "alexnet@staging"
    )
    assert "HEAD~2 has no metrics/test.json: name a revision in which the pipeline has run" in fail(
        project, "HEAD~2", "HEAD"
    )
    assert "dvc.yaml is missing: run from the project's top folder" in fail(tmp_path, "HEAD")


def test_without_git_it_says_so(project: Path, tmp_path: Path) -> None:
    shutil.copy(project / "dvc.yaml", tmp_path)
    dvc(tmp_path, "init", "--quiet", "--no-scm")
    assert "is in no git repository" in fail(tmp_path, "HEAD")
