"""Whatever lies at the location, exactly one archive comes out."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.directory import Directory
from tests.datasets.files import contents, named, write_folder, write_tar, write_zip, written_below

PETS = named(["cats/1.jpg", "dogs/1.jpg"])


def fetched(location: Path | str, target: Path) -> Path:
    source = Directory(str(location))
    assert source.fetch(target) == source.version()
    (archive,) = target.iterdir()
    return archive


def test_a_folder_is_packed(tmp_path: Path, target: Path) -> None:
    archive = fetched(write_folder(tmp_path / "my.pets", PETS), target)
    assert (archive.name, contents(archive)) == ("my.pets.zip", PETS)


@pytest.mark.parametrize(("name", "kept"), [("pets.zip", "pets.zip"), ("Pets.v2.ZIP", "Pets.v2.zip")])
def test_a_zip_is_copied_as_it_is(tmp_path: Path, target: Path, name: str, kept: str) -> None:
    location = write_zip(tmp_path / name, PETS)
    archive = fetched(location, target)
    assert (archive.name, archive.read_bytes()) == (kept, location.read_bytes())


def test_a_tar_is_copied_as_it_is(tmp_path: Path, target: Path) -> None:
    location = write_tar(tmp_path / "pets.tar", PETS)
    archive = fetched(location, target)
    assert (archive.name, archive.read_bytes()) == ("pets.tar", location.read_bytes())


@pytest.mark.parametrize(
    ("name", "compression"),
    [("p.tar.gz", "gz"), ("p.tgz", "gz"), ("p.tar.bz2", "bz2"), ("p.tar.xz", "xz"), ("p.tar", "gz")],
)
def test_a_compressed_tar_becomes_the_zip_of_its_folder(
    tmp_path: Path, target: Path, name: str, compression: str
) -> None:
    files = {f"./{member}": content for member, content in reversed(PETS.items())}
    location = write_tar(tmp_path / name, files | {"./.DS_Store": b""}, compression)
    archive = fetched(location, target)
    assert archive.name == "p.zip"
    direct = tmp_path / "direct"
    direct.mkdir()
    assert archive.read_bytes() == fetched(write_folder(tmp_path / "pets", PETS), direct).read_bytes()


def test_an_empty_folder_in_a_compressed_tar_is_kept(tmp_path: Path, target: Path) -> None:
    (tmp_path / "pets/cats").mkdir(parents=True)
    with tarfile.open(tmp_path / "pets.tgz", "w:gz") as tar:
        tar.add(tmp_path / "pets", ".")
    assert contents(fetched(tmp_path / "pets.tgz", target)) == {"cats/": b""}


def test_lists_win_over_class_folders(tmp_path: Path, target: Path) -> None:
    location = write_folder(tmp_path / "pets", PETS | {"train.txt": b"cats/1.jpg 0\n", "test.txt": b"dogs/1.jpg 1\n"})
    archive = fetched(location, target)
    assert (archive.name, list(contents(archive))) == ("pets.zip", ["test/1/dogs/1.jpg", "train/0/cats/1.jpg"])


def test_a_list_of_any_name_is_training_images(tmp_path: Path, target: Path) -> None:
    location = write_folder(tmp_path / "pets", PETS | {"mine.txt": b"cats/1.jpg 0\n"}) / "mine.txt"
    archive = fetched(location, target)
    assert (archive.name, list(contents(archive))) == ("mine.zip", ["train/0/cats/1.jpg"])


def test_locations_are_relative_to_the_current_folder_and_to_home(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "pets", PETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for location in ("pets", "./pets/", "~/pets"):
        assert fetched(location, target).name == "pets.zip"


def test_a_temporary_copy_sees_locations_from_the_project(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "project/.dvc/tmp/exps/copy"
    copy.mkdir(parents=True)
    write_folder(tmp_path / "project/pets", PETS)
    monkeypatch.chdir(tmp_path / "project")
    version = Directory("pets").version()
    monkeypatch.chdir(copy)
    monkeypatch.setenv("ALEXNET_PIPE_HOME", str(tmp_path / "project"))
    assert Directory("pets").version() == version
    assert contents(fetched("pets", target)) == PETS
    with pytest.raises(UserError, match=rf"pet does not exist \(seen from {tmp_path}/project\): correct the path"):
        Directory("pet").version()


@pytest.mark.parametrize("name", ["nowhere", "~nobody-of-this-name/pets", "pets.zip"])
def test_a_missing_location_is_refused(target: Path, name: str) -> None:
    with pytest.raises(
        UserError, match=rf"dataset\.location: {name} does not exist \(seen from .*\): correct the path"
    ):
        Directory(name).fetch(target)


def test_an_address_belongs_to_the_source_url(target: Path) -> None:
    with pytest.raises(UserError, match=r"https://host/pets\.zip is an address: set dataset.source to url"):
        Directory("https://host/pets.zip").fetch(target)


def test_another_kind_of_file_is_refused(tmp_path: Path, target: Path) -> None:
    write_folder(tmp_path, {"pets.rar": b""})
    with pytest.raises(UserError, match=r"pets\.rar is neither a folder nor a text list \(\.txt\) nor an archive"):
        Directory(str(tmp_path / "pets.rar")).fetch(target)


@pytest.mark.parametrize("name", ["pets.zip", "pets.tar", "pets.tar.gz"])
def test_a_file_that_is_no_archive_is_damaged(tmp_path: Path, target: Path, name: str) -> None:
    write_folder(tmp_path, {name: b"<html>404</html>"})
    with pytest.raises(UserError, match=rf"{name} is damaged or of an unknown kind"):
        Directory(str(tmp_path / name)).fetch(target)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "bz2.zip", "tgz"])
def test_a_location_with_a_name_of_255_bytes_is_fetched(tmp_path: Path, target: Path, kind: str) -> None:
    ending = "" if kind == "folder" else f".{kind.removeprefix('bz2.')}"
    location = tmp_path / ("é" * 100 + "n" * (55 - len(ending)) + ending)
    match kind:
        case "folder":
            write_folder(location, PETS)
        case "zip" | "bz2.zip":
            write_zip(location, PETS, zipfile.ZIP_BZIP2 if kind == "bz2.zip" else zipfile.ZIP_STORED)
        case "tar" | "tgz":
            write_tar(location, PETS, "gz" if kind == "tgz" else "")
    archive = fetched(location, target)
    assert len(archive.name.encode()) <= 255
    assert sorted(Directory(str(location)).index(target)["member"]) == sorted(PETS)


@pytest.mark.parametrize("name", ["a.zip", "bz2.zip", "a.tar", "a.tgz", "a.tar.xz"])
@pytest.mark.parametrize("member", ["cats/../../HOSTILE", "/HOSTILE", "C:\\HOSTILE"])
def test_no_byte_of_a_hostile_archive_is_written(tmp_path: Path, target: Path, name: str, member: str) -> None:
    files = PETS | {member: b"payload"}
    if name.endswith("zip"):
        method = zipfile.ZIP_BZIP2 if name.startswith("bz2") else zipfile.ZIP_STORED
        location = write_zip(tmp_path / name, files, method)
    else:
        location = write_tar(tmp_path / name, files, {"a.tgz": "gz", "a.tar.xz": "xz"}.get(name, ""))
    with pytest.raises(UserError, match=r"member '.*HOSTILE' leads out of the archive"):
        Directory(str(location)).fetch(target)
    assert b"HOSTILE" not in written_below(target)
    assert b"payload" not in written_below(target)
    assert not (tmp_path / "HOSTILE").exists()
