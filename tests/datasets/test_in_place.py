"""A data set that is not copied is read where it lies, and its version tells when it has changed."""

import os
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.place import Container, Place, container_path
from tests.datasets.files import named, write_folder, write_tar, write_zip

PETS = named(["cats/1.jpg", "dogs/1.jpg"])


def in_place(location: Path, target: Path) -> dict[str, bytes]:
    """What is read at the places of the index, by member."""
    source = Directory(str(location), copy=False)
    source.fetch(target)
    found = {}
    for row in source.index(target).itertuples():
        with Container(container_path(target, row.container)) as container:
            place = Place(row.offset, row.packed, row.bytes, row.deflated)
            found[row.member] = container.read(row.member, place)
    assert sum(path.stat().st_size for path in target.iterdir()) < 1000
    return found


NAMES = named(["cats/a cat.jpg", "cats/é\u3042\nline.jpg", "dogs/1.jpg", "dogs/" + "n" * 255])


@pytest.mark.parametrize("kind", ["folder", "stored.zip", "deflated.zip", "pets.tar"])
def test_a_data_set_is_read_where_it_lies(tmp_path: Path, target: Path, kind: str) -> None:
    match kind:
        case "folder":
            location = write_folder(tmp_path / "pets", NAMES)
        case "pets.tar":
            location = write_tar(tmp_path / kind, NAMES)
        case _:
            method = zipfile.ZIP_DEFLATED if kind == "deflated.zip" else zipfile.ZIP_STORED
            location = write_zip(tmp_path / kind, NAMES, method)
    assert in_place(location, target) == NAMES


def test_a_temporary_copy_finds_what_lies_in_the_project(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "pets", PETS)
    monkeypatch.chdir(tmp_path)
    Directory("pets", copy=False).fetch(target)
    monkeypatch.chdir(target)
    monkeypatch.setenv("ALEXNET_PIPE_HOME", str(tmp_path))
    assert container_path(target, ".") == tmp_path / "pets"
    assert in_place(Path("pets"), target) == PETS


def test_text_lists_are_read_where_they_lie(tmp_path: Path, target: Path) -> None:
    lists = {"train.txt": b"cats/1.jpg 0\n../far.jpg 1\n", "test.txt": b"dogs/1.jpg 1\n"}
    write_folder(tmp_path, {"far.jpg": b"far"})
    location = write_folder(tmp_path / "pets", PETS | lists)
    assert in_place(location, target) == PETS | {"../far.jpg": b"far"}
    rows = Directory(str(location), copy=False).index(target).set_index("member")
    assert rows[["label", "split"]].to_numpy().tolist() == [["0", "train"], ["1", "train"], ["1", "test"]]
    assert in_place(location / "train.txt", target) == {"cats/1.jpg": b"cats/1.jpg", "../far.jpg": b"far"}


def test_lists_that_are_read_where_they_lie_need_two_classes_as_well(tmp_path: Path, target: Path) -> None:
    location = write_folder(tmp_path / "pets", PETS | {"train.txt": b"cats/1.jpg 0\n"})
    with pytest.raises(UserError, match="pets has one class only"):
        in_place(location, target)


@pytest.mark.parametrize("name", ["pets.tgz", "pets.tar", "pets.zip"])
def test_a_compressed_archive_cannot_be_read_where_it_lies(tmp_path: Path, target: Path, name: str) -> None:
    if name == "pets.zip":
        location = write_zip(tmp_path / name, PETS, zipfile.ZIP_LZMA)
    else:
        location = write_tar(tmp_path / name, PETS, "gz")
    with pytest.raises(
        UserError, match=rf"{name} cannot be read in place, for it is compressed: set dataset\.copy to true"
    ):
        in_place(location, target)


@pytest.mark.parametrize("kind", ["folder", "lists", "pets.zip"])
def test_the_version_changes_with_any_file(tmp_path: Path, kind: str) -> None:
    if kind == "pets.zip":
        location = changed = write_zip(tmp_path / kind, PETS)
    else:
        lists = {"train.txt": b"cats/1.jpg 0\ndogs/1.jpg 1\n"} if kind == "lists" else {}
        location = write_folder(tmp_path / "pets", PETS | lists)
        changed = location / "dogs/1.jpg"
    source = Directory(str(location))
    before = source.version()
    assert source.version() == before
    content = changed.read_bytes()
    changed.write_bytes(content + b"x")
    longer = source.version()
    changed.write_bytes(content)
    os.utime(changed, (1, 1))
    assert len({before, longer, source.version()}) == 3


def test_the_version_changes_with_a_lists_labels_and_with_names(tmp_path: Path) -> None:
    location = write_folder(tmp_path / "pets", PETS | {"train.txt": b"cats/1.jpg 0\ndogs/1.jpg 1\n"})
    before = Directory(str(location)).version()
    write_folder(location, {"train.txt": b"cats/1.jpg 0\ndogs/1.jpg 10\n"})
    assert Directory(str(location)).version() != before
    (location / "train.txt").unlink()
    before = Directory(str(location)).version()
    (location / "cats/1.jpg").rename(location / "cats/2.jpg")
    assert Directory(str(location)).version() != before
