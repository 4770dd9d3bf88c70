"""Writing is all or nothing."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json, take_place, written_aside
from alexnet_pipe.base.paths import Artifacts


def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "metrics.json"
    save_json(target, {"a": 1})

    def fail_while_writing() -> None:
        with written_aside(target) as aside:
            aside.write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(aside))

    with pytest.raises(OSError, match="No space left"):
        fail_while_writing()
    assert load_json(target) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "images"
    for name in ("old", "new"):
        with written_aside(target) as aside:
            aside.mkdir()
            (aside / name).touch()
    assert [path.name for path in target.iterdir()] == ["new"]


def test_each_of_two_writers_at_once_puts_its_own_whole_file_there(tmp_path: Path) -> None:
    target = tmp_path / "metrics.json"
    with written_aside(target) as first:
        first.write_text("first, half")
        other = "import sys, pathlib; from alexnet_pipe.base.files import written_aside\n"
        other += "with written_aside(pathlib.Path(sys.argv[1])) as aside: aside.write_text('second')"
        subprocess.run([sys.executable, "-c", other, target], check=True)
        assert target.read_text() == "second"
        first.write_text("first")
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_moves_to_another_file_system_before_it_replaces_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, new = tmp_path / "data/images", tmp_path / "checkpoints/store"
    for folder, name in ((target, "old"), (new, "new")):
        folder.mkdir(parents=True)
        (folder / name).touch()
    rename, copy = os.rename, shutil.copyfile

    def cannot_leave(source: Path, goal: Path) -> None:
        if Path(source).parent != Path(goal).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(source, goal)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "rename", cannot_leave)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        take_place(target, new)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert [path.name for path in target.parent.iterdir()] == ["images"]
    monkeypatch.setattr(shutil, "copyfile", copy)
    take_place(target, new)
    assert [path.name for path in target.iterdir()] == ["new"]


def test_bytes_are_on_the_disk_before_they_have_their_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[str, bool]] = []
    target = tmp_path / "images"

    def note(descriptor: int) -> None:
        flushed.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, target.exists()))

    monkeypatch.setattr(os, "fsync", note)
    with written_aside(target) as aside:
        aside.mkdir()
        (aside / "shard.npy").touch()
    assert flushed == [("shard.npy", False), (aside.name, False), (tmp_path.name, True)]


def test_a_process_killed_while_writing_leaves_the_earlier_file_and_does_not_disturb_the_next(tmp_path: Path) -> None:
    target = tmp_path / "metrics.json"
    save_json(target, {"a": 1})
    code = f"""
import os, signal, pathlib
from alexnet_pipe.base.files import written_aside
with written_aside(pathlib.Path({str(target)!r})) as aside:
    aside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert load_json(target) == {"a": 1}
    save_json(target, {"a": 2})
    assert load_json(target) == {"a": 2}
    assert list(tmp_path.iterdir()) == [target]


def test_a_temporary_copy_shares_the_projects_checkpoints_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALEXNET_PIPE_HOME", raising=False)
    assert Artifacts(tmp_path / "copy").checkpoints == tmp_path / "copy/checkpoints"
    monkeypatch.setenv("ALEXNET_PIPE_HOME", str(tmp_path))
    assert Artifacts(tmp_path / "copy").checkpoints == tmp_path / "checkpoints"
    assert Artifacts(tmp_path / "copy").downloads == tmp_path / "checkpoints/downloads"
    assert Artifacts(tmp_path / "copy").model == tmp_path / "copy/models/alexnet.keras"


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"test\.json is missing: run `dvc repro`"):
        load_json(tmp_path / "test.json")
