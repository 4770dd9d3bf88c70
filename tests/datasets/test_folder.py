"""A folder is walked whole: links followed, hidden files left out, and never twice."""

import os
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_image_name, walk
from tests.datasets.files import named, write_folder


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, named([".git/config", "cats/.DS_Store", "cats/Thumbs.db", "cats/1.jpg"]))
    assert walk(folder) == ({"cats/1.jpg": folder / "cats/1.jpg"}, [])


def test_empty_folders_are_named_if_nothing_visible_is_in_them(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, named(["cats/1.jpg", "dogs/.DS_Store"]))
    (folder / "birds/red").mkdir(parents=True)
    assert sorted(walk(folder).empty) == ["birds/red", "dogs"]


@pytest.mark.parametrize("name", ["a cat.jpg", "line\nend.jpg", "é\u3042.jpg", "n" * 255, "back\\slash.jpg"])
def test_names_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path, {f"cats/{name}": b""})
    assert walk(folder).files == {f"cats/{name}": folder / "cats" / name}


def test_links_to_photographs_and_folders_are_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "store", {"1.jpg": b"cat", "all/2.jpg": b"dog"})
    folder = tmp_path / "pets"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats/1.jpg").symlink_to(tmp_path / "store/1.jpg")
    (folder / "dogs").symlink_to(tmp_path / "store/all")
    found = {name: path.read_bytes() for name, path in walk(folder).files.items()}
    assert found == {"cats/1.jpg": b"cat", "dogs/2.jpg": b"dog"}


def test_links_out_of_the_folder_lead_to_photographs_or_what_a_cache_keeps_by_its_digest(tmp_path: Path) -> None:
    write_folder(
        tmp_path / "home", {"id_rsa": b"", "notes/1.jpg": b"", "notes/diary.txt": b"", f"cache/{'0f' * 20}": b""}
    )
    pets = write_folder(tmp_path / "pets", named(["cats/1.jpg", "labels.txt"]))
    link = pets / "cats/2.jpg"
    for target in (tmp_path / "home/cache" / ("0f" * 20), pets / "labels.txt"):
        link.symlink_to(target)
        assert "cats/2.jpg" in walk(pets).files
        link.unlink()
    for target, named_file in (("home/id_rsa", "id_rsa"), ("home/notes", "diary.txt")):
        link.symlink_to(tmp_path / target)
        with pytest.raises(UserError, match=rf"leads out of the data set to '.*{named_file}', which is no photograph"):
            walk(pets)
        link.unlink()


def test_links_to_a_folder_above_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", named(["cats/1.jpg"]))
    (folder / "cats/again").symlink_to(folder)
    with pytest.raises(UserError, match=r"the link '.*cats/again' leads back to a folder above it: remove the link"):
        walk(folder)


def test_broken_links_and_pipes_are_refused(tmp_path: Path) -> None:
    for number, make in enumerate((lambda path: path.symlink_to("nowhere"), os.mkfifo)):
        folder = tmp_path / f"pets{number}"
        folder.mkdir()
        make(folder / "1.jpg")
        with pytest.raises(UserError, match=r"1\.jpg' is a broken link or not a regular file: remove or replace it"):
            walk(folder)


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"cats/\udce9.jpg": b""})
    with pytest.raises(UserError, match=r"the file name 'cats/\\udce9\.jpg' is not valid UTF-8: rename the file"):
        walk(folder)


def test_names_of_images_are_told_from_those_of_tables() -> None:
    assert all(map(is_image_name, ["1.jpg", "a/B.JPEG", "line\nend.png", "x.heic", "a.b.tif"]))
    assert not any(map(is_image_name, ["labels.csv", "train.zip", "jpg", ".jpg/readme", "a.jpg.txt", "LICENSE"]))
