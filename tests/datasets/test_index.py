"""The index says of each photograph what it is called, where it lies, and what its archive knows of it."""

import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.index import COLUMNS, index_archive, index_folder, index_lists, index_packed_lists
from alexnet_pipe.datasets.text_list import pack_lists
from tests.datasets.files import named, write_folder, write_tar, write_zip

PETS = named(["train/cats/1.jpg", "train/dogs/1.jpg", "test/dogs/2.jpg"])


def labels(rows: pd.DataFrame) -> list[tuple[str, str]]:
    assert list(rows.columns) == COLUMNS
    return list(zip(rows["label"], rows["split"], strict=True))


def test_folder_and_archives_are_indexed_alike(tmp_path: Path) -> None:
    tables = [
        index_folder(write_folder(tmp_path / "pets", PETS), "pets"),
        index_archive(write_zip(tmp_path / "pets.zip", PETS, zipfile.ZIP_DEFLATED), "pets"),
        index_archive(write_tar(tmp_path / "pets.tar", PETS), "pets"),
    ]
    for rows in tables:
        ordered = rows.sort_values("member", ignore_index=True)
        assert labels(ordered) == [("dogs", "test"), ("cats", "train"), ("dogs", "train")]
        assert ordered["bytes"].tolist() == [15, 16, 16]
    assert [rows["container"].unique().tolist() for rows in tables] == [["."], ["pets.zip"], ["pets.tar"]]
    assert [rows["deflated"].all() for rows in tables] == [False, True, False]


def test_only_a_zip_knows_checksums(tmp_path: Path) -> None:
    rows = index_archive(write_zip(tmp_path / "pets.zip", PETS), "pets")
    assert rows["crc"].tolist() == [zlib.crc32(PETS[member]) for member in rows["member"]]
    assert index_archive(write_tar(tmp_path / "pets.tar", PETS), "pets")["crc"].isna().all()


def test_lists_give_labels_in_one_spelling(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, named(["1.jpg", "2.jpg", "3.jpg"]))
    (folder / "train.txt").write_text("1.jpg e\u0301\n2.jpg \u00e9\n3.jpg a\n")
    rows = index_lists({folder / "train.txt": "train"}, "list")
    assert labels(rows) == [("\u00e9", "train"), ("\u00e9", "train"), ("a", "train")]


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("\n")
    with pytest.raises(UserError, match="list has no images: it has no files"):
        index_lists({tmp_path / "train.txt": "train"}, "list")


def test_files_outside_any_class_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = named(["cats/1.jpg", "dogs/1.jpg", "LICENSE", ".hidden"])
    assert len(index_archive(write_zip(tmp_path / "a.zip", files), "a")) == 2
    assert capsys.readouterr().out == "download: files outside any class folder, ignored: 1 ('LICENSE')\n"


TWICE = {
    f"{folder}/{label}/{n}.jpg": f"{label}{n}".encode()
    for folder in ("pets", "pets/pets")
    for label in "ab"
    for n in (1, 2)
}


def test_a_set_that_contains_itself_is_read_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index, path in (
        (index_folder, write_folder(tmp_path / "set", TWICE)),
        (index_archive, write_zip(tmp_path / "set.zip", TWICE)),
        (index_archive, write_tar(tmp_path / "set.tar", TWICE)),
    ):
        rows = index(path, "set")
        assert sorted(rows["member"]) == ["pets/a/1.jpg", "pets/a/2.jpg", "pets/b/1.jpg", "pets/b/2.jpg"]
        said = capsys.readouterr().out.replace("download: ", "")
        assert said.splitlines() == [
            "left out 'pets/pets' (4 files): the same photographs as what lies beside it, which are read once",
            "the classes are the folders in 'pets'",
        ]


def test_a_set_that_only_seems_to_contain_itself_is_refused(tmp_path: Path) -> None:
    files = TWICE | {"pets/pets/b/2.jpg": b"b3"}
    for index, path in (
        (index_folder, write_folder(tmp_path / "set", files)),
        (index_archive, write_zip(tmp_path / "set.zip", files)),
        (index_archive, write_tar(tmp_path / "set.tar", files)),
    ):
        with pytest.raises(UserError, match="set/pets: 'pets' has the same folders as lie beside it, and other"):
            index(path, "set")


@pytest.mark.parametrize("labels", [["part_1", "part_2"], ["images", "masks"], ["train", "test"]])
def test_labels_of_a_list_are_no_folders(tmp_path: Path, labels: list[str]) -> None:
    write_folder(tmp_path, named(["a/1.jpg", "b/1.jpg", "a/2.jpg", "b/2.jpg"]))
    (tmp_path / "train.txt").write_text("".join(f"{f}/{n}.jpg {labels[n - 1]}\n" for f in "ab" for n in (1, 2)))
    lists = {tmp_path / "train.txt": "train"}
    for rows in (index_lists(lists, "list"), index_packed_lists(pack_lists(lists, tmp_path / "list.zip"), "list")):
        assert sorted(set(rows["label"])) == sorted(labels)
        assert len(rows) == 4
