"""A folder is packed whole: links followed, hidden files left out, and never twice."""

import os
from pathlib import Path

import pytest

from alexnet_pipe.datasets.folder import pack_folder
from alexnet_pipe.errors import UserError
from tests.datasets.files import contents, named, write_folder


def test_times_do_not_change_the_bytes(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", named(["cats/1.jpg", "dogs/1.jpg"]))
    first = pack_folder(folder, tmp_path / "1.zip").read_bytes()
    os.utime(folder / "cats/1.jpg", (0, 0))
    assert pack_folder(folder, tmp_path / "2.zip").read_bytes() == first


def test_hidden_files_change_nothing(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", named(["cats/1.jpg"]))
    first = pack_folder(folder, tmp_path / "1.zip").read_bytes()
    write_folder(folder, named([".git/config", "cats/.DS_Store", "cats/Thumbs.db"]))
    assert pack_folder(folder, tmp_path / "2.zip").read_bytes() == first


def test_empty_folders_are_kept(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", named(["cats/1.jpg", "dogs/.DS_Store"]))
    (folder / "birds").mkdir()
    assert list(contents(pack_folder(folder, tmp_path / "a.zip"))) == ["birds/", "dogs/", "cats/1.jpg"]


def test_links_to_photographs_and_folders_are_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "store", {"1.jpg": b"cat", "all/2.jpg": b"dog"})
    folder = tmp_path / "pets"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats/1.jpg").symlink_to(tmp_path / "store/1.jpg")
    (folder / "dogs").symlink_to(tmp_path / "store/all")
    assert contents(pack_folder(folder, tmp_path / "a.zip")) == {"cats/1.jpg": b"cat", "dogs/2.jpg": b"dog"}


def test_links_to_a_folder_above_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", named(["cats/1.jpg"]))
    (folder / "cats/again").symlink_to(folder)
    with pytest.raises(UserError, match=r"the link '.*cats/again' leads back to a folder above it: remove the link"):
        pack_folder(folder, tmp_path / "a.zip")


def test_broken_links_and_pipes_are_refused(tmp_path: Path) -> None:
    for number, make in enumerate((lambda path: path.symlink_to("nowhere"), os.mkfifo)):
        folder = tmp_path / f"pets{number}"
        folder.mkdir()
        make(folder / "1.jpg")
        with pytest.raises(UserError, match=r"1\.jpg' is a broken link or not a regular file: remove or replace it"):
            pack_folder(folder, tmp_path / "a.zip")


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"cats/\udce9.jpg": b""})
    with pytest.raises(UserError, match=r"the file name 'cats/\\udce9\.jpg' is not valid UTF-8: rename the file"):
        pack_folder(folder, tmp_path / "a.zip")
