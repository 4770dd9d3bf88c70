"""No stage begins beside one that it would disturb, whoever started them."""

import os
import re
from pathlib import Path

import pytest

from alexnet_pipe.project.checkout import RUN
from alexnet_pipe.project.run_lock import BusyError, only_run, only_writer

PIPELINE = """
stages:
  resize: {outs: [data/images, data/rejected.parquet], metrics: [{metrics/data.json: {cache: false}}]}
  mean: {deps: [data/images], outs: [mean.npy]}
  pca: {deps: [data/images], outs: [pca.json]}
  report: {deps: [metrics/data.json], outs: [report.html]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    return tmp_path


def test_a_stage_runs_once_at_a_time(project: Path) -> None:
    told = re.escape(f"stage resize is at work here (process {os.getpid()}, since 2")
    with only_writer(project, "resize"), pytest.raises(BusyError, match=told), only_writer(project, "resize"):
        pass
    with only_writer(project, "resize"):
        pass


@pytest.mark.parametrize(("first", "second"), [("resize", "mean"), ("mean", "resize"), ("resize", "report")])
def test_a_stage_does_not_run_beside_one_that_writes_what_it_reads(first: str, second: str, project: Path) -> None:
    with only_writer(project, first), pytest.raises(BusyError, match=f"stage {first} is at"):  # noqa: SIM117
        with only_writer(project, second):
            pass


def test_stages_that_only_read_the_same_run_side_by_side(project: Path) -> None:
    with only_writer(project, "mean"), only_writer(project, "pca"), only_writer(project, "report"):
        pass


def test_a_stage_by_hand_waits_for_the_run_and_the_run_for_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with only_run(project) as run:
        with pytest.raises(BusyError, match="another run is going on here"), only_writer(project, "mean"):
            pass
        monkeypatch.setenv(RUN, run.run)
        with only_writer(project, "mean"):
            pass
    with only_writer(project, "mean"), pytest.raises(BusyError, match="stage mean is at work"), only_run(project):
        pass


def test_outside_of_a_project_a_stage_is_in_its_own_way_only(tmp_path: Path) -> None:
    with only_writer(tmp_path, "mean"), only_writer(tmp_path, "resize"), pytest.raises(BusyError):  # noqa: SIM117
        with only_writer(tmp_path, "mean"):
            pass
