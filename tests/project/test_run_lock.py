"""One run at a time, whatever happens to the one before; with real processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.run_lock import BusyError, goes_on, mend_rwlock, only_run
from tests.patience import HANGS

_HOLD = """
import subprocess, sys
from pathlib import Path
from alexnet_pipe.project.run_lock import only_run
with only_run(Path(sys.argv[1])) as project:
    # The second stands for a stage whose dvc was killed.
    command = ["sh", "-c", "sleep 300 & echo $!; exec sleep 300"]
    stage = subprocess.Popen(command, env=project.environment, stdout=subprocess.PIPE, text=True)
    print(stage.pid, stage.stdout.readline(), flush=True)
    input()
"""

Other = tuple[subprocess.Popen[str], list[psutil.Process]]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    """A process that is inside its run, and the processes that this run has started."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        stages = [psutil.Process(int(word)) for word in process.stdout.readline().split()]
        yield process, stages
        process.kill()
    for stage in filter(alive, stages):
        stage.kill()


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_second_run_is_told_about_the_first(tmp_path: Path, other: Other) -> None:
    told = rf"another run is going on here \(process {other[0].pid}, since 2.*\): wait for it, or cancel it"
    with pytest.raises(BusyError, match=told), only_run(tmp_path):
        pass
    assert not goes_on(Checkout(tmp_path, run=str(tmp_path / ".prefect/run.lock")))


def test_a_run_that_ends_leaves_nothing_at_work(tmp_path: Path, other: Other) -> None:
    process, stages = other
    process.communicate("\n", timeout=HANGS)
    assert not any(map(alive, stages))
    with only_run(tmp_path) as project:
        assert goes_on(project)
    assert not goes_on(project)


def test_what_a_killed_run_has_left_at_work_is_ended_by_the_next(tmp_path: Path, other: Other) -> None:
    process, stages = other
    process.kill()
    process.wait(timeout=HANGS)
    assert all(map(alive, stages))
    with only_run(tmp_path):
        assert not any(map(alive, stages))


def test_the_processes_of_another_project_are_left_alone(tmp_path: Path, other: Other) -> None:
    (tmp_path / "elsewhere").mkdir()
    with only_run(tmp_path / "elsewhere"):
        pass
    assert all(map(alive, other[1]))


def test_a_lock_without_its_holder_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / ".prefect").mkdir()
    (tmp_path / ".prefect/run.lock").write_text(f"process {os.getpid()}, since 2012-09-30 12:00")
    with only_run(tmp_path) as project:
        assert goes_on(project)
    assert not goes_on(project)


@pytest.fixture
def rwlock(tmp_path: Path) -> Path:
    path = tmp_path / ".dvc/tmp/rwlock"
    path.parent.mkdir(parents=True)
    return path


def holders(pid: int) -> str:
    holder = {"pid": pid, "cmd": "dvc"}
    return json.dumps({"write": {"/a": holder}, "read": {"/b": [holder]}})


@pytest.mark.parametrize("content", ["", '{"write": {"/a"', "{}", holders(2**22 + 1)])
def test_a_list_that_is_broken_or_names_the_dead_is_forgotten(rwlock: Path, content: str) -> None:
    rwlock.write_text(content)
    mend_rwlock(rwlock.parents[2])
    assert not rwlock.exists()


def test_one_who_has_ended_but_was_not_waited_for_is_dead(rwlock: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as ended:
        assert ended.stdout is not None
        ended.stdout.read()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        rwlock.write_text(holders(ended.pid))
        mend_rwlock(rwlock.parents[2])
    assert not rwlock.exists()


def test_one_who_was_born_after_the_list_is_not_the_one_that_it_names(rwlock: Path) -> None:
    rwlock.write_text(holders(os.getpid()))
    os.utime(rwlock, (0, 0))
    mend_rwlock(rwlock.parents[2])
    assert not rwlock.exists()


def test_the_living_keep_what_they_hold(rwlock: Path) -> None:
    rwlock.write_text(holders(os.getpid()))
    mend_rwlock(rwlock.parents[2])
    assert rwlock.read_text() == holders(os.getpid())


def test_no_list_is_fine(tmp_path: Path) -> None:
    mend_rwlock(tmp_path)


def test_outputs_that_git_keeps_are_brought_back_and_nothing_else(tmp_path: Path) -> None:
    kept = {name: {"cache": False} for name in ("card.md", "test.json")}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": {"report": {"outs": ["page.html", kept]}}}))
    for name in ("card.md", "test.json", "notes.md"):
        (tmp_path / name).write_text(name)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "All"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    for name in ("card.md", "notes.md"):
        (tmp_path / name).unlink()
    (tmp_path / "test.json").write_text("of this run")
    with only_run(tmp_path):
        assert (tmp_path / "card.md").read_text() == "card.md"
        (tmp_path / "card.md").unlink()
    assert (tmp_path / "card.md").read_text() == "card.md"
    assert (tmp_path / "test.json").read_text() == "of this run"
    assert not (tmp_path / "notes.md").exists()
