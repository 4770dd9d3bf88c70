"""DVC runs again whatever a killed DVC has left, and what a living one holds stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alexnet_pipe.project.rwlock import mend_rwlock


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


def test_the_living_keep_what_they_hold(rwlock: Path) -> None:
    rwlock.write_text(holders(os.getpid()))
    mend_rwlock(rwlock.parents[2])
    assert rwlock.read_text() == holders(os.getpid())


def test_no_list_is_fine(tmp_path: Path) -> None:
    mend_rwlock(tmp_path)
