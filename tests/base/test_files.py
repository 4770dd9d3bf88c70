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
from alexnet_pipe.base.files import load_json, load_table, place_of, save_json, take_place, written_aside
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


def test_an_error_beside_a_file_names_the_file(tmp_path: Path) -> None:
    for name in ("params.yaml", ".dvcignore"):
        with written_aside(tmp_path / name) as aside:
            assert place_of(str(aside)) == str(tmp_path / name)
            assert place_of(f"{aside}/shard.npy") == str(tmp_path / name / "shard.npy")
            assert place_of(aside.name) == name
            aside.touch()
    assert place_of("data/a.partial") == "data/a.partial"


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


def test_a_damaged_file_names_the_stage_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dvc.yaml").write_text("stages:\n  pca:\n    outs: [a/pca.json]\n  resize:\n    outs: [data/images]\n")
    for path, damage, told in (
        ("a/pca.json", "{", "a/pca.json is damaged (Expecting property name"),
        ("a/pca.json", "[]", "a/pca.json is damaged (no JSON object): remove a/pca.json, then `dvc repro pca`"),
        ("a/pca.json", None, "a/pca.json is damaged (a folder): remove a/pca.json, then `dvc repro pca`"),
        ("data/images/resize.json", "", "): remove data/images, then `dvc repro resize` makes it again"),
        ("other.json", "", "): remove it, then `dvc checkout` or `dvc repro`"),
    ):
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        if damage is None:
            file.unlink()
            file.mkdir()
        else:
            file.write_text(damage)
        with pytest.raises(UserError) as error:
            load_json(file)
        assert told in str(error.value)


@pytest.mark.parametrize("name", ["manifest.parquet", "history.csv"])
def test_a_damaged_table_is_named_with_the_way_back(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'PAR1"\n1,2,3\n"PAR')
    with pytest.raises(UserError, match=rf"{name} is damaged \(.+\): remove it, then `dvc checkout` or `dvc repro`"):
        load_table(tmp_path / name)
    with pytest.raises(UserError, match=r"other\.csv is missing: run `dvc repro`"):
        load_table(tmp_path / "other.csv")
