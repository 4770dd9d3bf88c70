"""Metrics are shown beside those of the last commit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from alexnet_pipe.orchestration.metrics import metric_changes, metrics_markdown, shown

STAGE = """
stages:
  train: {cmd: "true", metrics: [metrics/train.json: {cache: false}]}
  evaluate: {cmd: "true", metrics: [metrics/test.json: {cache: false}]}
"""


def save(root: Path, name: str, **values: object) -> None:
    (root / "metrics").mkdir(exist_ok=True)
    (root / f"metrics/{name}.json").write_text(json.dumps(values))


def git(root: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.org", *arguments], cwd=root, check=True, capture_output=True
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init")
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text(STAGE)
    return tmp_path


def test_before_the_first_commit_there_is_nothing_to_compare_with(repository: Path) -> None:
    save(repository, "test", top1_error=0.1)
    assert metrics_markdown(metric_changes(repository)) == "There is no commit to compare with."


def test_the_errors_of_the_test_come_first_and_changes_are_signed(repository: Path) -> None:
    save(repository, "train", epochs=5)
    save(repository, "test", top1_error=0.1, top1_error_interval={"low": 0.05})
    git(repository, "add", "--all")
    git(repository, "commit", "--message", "Before")
    save(repository, "train", epochs=1200)
    save(repository, "test", top1_error=0.0875, top1_error_interval={"low": 0.05}, top5_error=0.5)
    assert metrics_markdown(metric_changes(repository)).splitlines() == [
        "| metric | last commit | this run | change |",
        "|---|--:|--:|--:|",
        "| top1_error | 10.00% | 8.75% | -1.25% |",
        "| top5_error | – | 50.00% |  |",
        "| top1_error_interval.low | 5.00% | 5.00% |  |",
        "| epochs | 5 | 1,200 | 1,195 |",
    ]


def test_values_are_written_as_people_do() -> None:
    assert shown("images_per_second", 347.812) == "347.8"
    assert shown("weights_digest", "aa9f28198d1d48b25922a5f9888fa5aca") == "aa9f28198d1d"
    assert shown("top5_error", None) == "–"
