"""Shards are computed once each, on any number of workers, whatever happens to the workers."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cluster.mapping import Result, kept_results, map_shards
from tests.cluster.jobs import Job, end, fail, square
from tests.patience import HANGS

pytestmark = pytest.mark.slow


def jobs(folder: Path, count: int = 12, deadly: int | None = None) -> list[Job]:
    return [Job(str(number), folder / f"{number}.log", number == deadly) for number in range(count)]


def runs(folder: Path) -> list[int]:
    """How often each shard was computed."""
    return [(folder / f"{number}.log").stat().st_size for number in range(len(list(folder.glob("*.log"))))]


def squares(results: dict[int, Result]) -> list[int]:
    return [int(results[number]["square"]) for number in range(len(results))]


@pytest.mark.usefixtures("shared_cluster")
def test_every_shard_is_computed_once_and_its_result_kept(tmp_path: Path) -> None:
    results = dict(map_shards("squares", square, jobs(tmp_path), tmp_path))
    assert squares(results) == [number**2 for number in range(12)]
    assert str(results[3]["text"]) == "üüü"
    again = dict(map_shards("squares", square, jobs(tmp_path), tmp_path))
    assert squares(again) == squares(results)
    assert runs(tmp_path) == [1] * 12


def test_a_single_shard_needs_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("distributed.LocalCluster")
    results = dict(map_shards("squares", square, jobs(tmp_path, count=1), tmp_path))
    assert squares(results) == [0]
    assert dict(map_shards("squares", square, jobs(tmp_path, count=1), tmp_path)).keys() == {0}
    assert runs(tmp_path) == [1]


def test_a_kept_result_that_is_damaged_or_has_lost_its_shard_is_computed_again(tmp_path: Path) -> None:
    def squared() -> int:
        (result,) = dict(map_shards("squares", square, [Job("3", tmp_path / "3.log")], tmp_path)).values()
        return int(result["square"])

    squared()
    whole = (tmp_path / "3.npz").read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole.replace(b"\x09\0\0\0", b"\x08\0\0\0")):
        assert damaged != whole
        (tmp_path / "3.npz").write_bytes(damaged)
        assert squared() == 9
    assert (tmp_path / "3.log").read_text() == "x" * 4
    (tmp_path / "3.gone").touch()
    assert squared() == 9
    assert (tmp_path / "3.log").read_text() == "x" * 5


@pytest.mark.parametrize("pace", [1000.0, 1.0], ids=["in this process", "in a pool"])
def test_what_takes_seconds_needs_no_cluster(pace: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("distributed.LocalCluster")
    results = dict(map_shards("squares", square, jobs(tmp_path), tmp_path, pace))
    assert squares(results) == [number**2 for number in range(12)]
    assert squares(dict(map_shards("squares", square, jobs(tmp_path), tmp_path, pace))) == squares(results)
    assert runs(tmp_path) == [1] * 12


def test_a_shard_that_ends_a_process_of_a_pool_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"[0-9]: every worker that took it died"):
        dict(map_shards("squares", end, jobs(tmp_path), tmp_path, 1.0))


def test_a_pool_ends_with_the_process_that_was_killed() -> None:
    waiting = "from alexnet_pipe.cluster.pool import process_pool; import os, time\n"
    waiting += "if __name__ == '__main__':\n with process_pool(1) as pool:\n  "
    waiting += "print(pool.submit(os.getpid).result(), flush=True); time.sleep(1000)"
    with subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = psutil.Process(int(process.stdout.readline()))
        process.kill()
    worker.wait(HANGS)


def test_a_worker_killed_in_the_middle_costs_its_shard_only(tmp_path: Path) -> None:
    results = dict(map_shards("squares", square, jobs(tmp_path, deadly=4), tmp_path))
    assert squares(results) == [number**2 for number in range(12)]
    assert runs(tmp_path) == [2 if number == 4 else 1 for number in range(12)]


def test_a_shard_that_ends_every_worker_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"[01]: every worker that took it died; if memory ran out, use fewer"):
        dict(map_shards("squares", end, jobs(tmp_path, count=2), tmp_path))


@pytest.mark.usefixtures("shared_cluster")
def test_a_full_disk_of_a_worker_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as error:
        dict(map_shards("squares", fail, jobs(tmp_path, count=1), tmp_path))
    assert error.value.errno == 28


def test_results_stay_if_the_task_fails_and_go_if_it_ends_or_changes(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)

    def begin(parameter: int) -> Path:
        """What a task that fails leaves: one file more than before."""
        context = kept_results(artifacts, "mean", {"p": parameter})
        folder = context.__enter__()
        (folder / f"{len(list(folder.iterdir()))}.npz").touch()
        assert not context.__exit__(KeyError, KeyError(), None)
        return folder

    first = begin(1)
    assert begin(1) == first
    assert len(list(first.iterdir())) == 2
    second = begin(2)
    assert not first.exists()
    with kept_results(artifacts, "mean", {"p": 2}) as folder:
        assert folder == second
    assert not list(artifacts.checkpoints.iterdir())
