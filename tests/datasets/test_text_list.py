"""Text lists: paths with spaces, relative and absolute, each packed once under a member of its own."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive_file import open_archive
from alexnet_pipe.datasets.folders.layout import listed_members
from alexnet_pipe.datasets.text_list import chosen_lines, lists_in, pack_lists
from tests.datasets.files import contents, named, write_folder


def write_list(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def packed(text: Path) -> dict[str, bytes]:
    return contents(pack_lists({text: "train"}, text.with_suffix(".zip")))


def refused(text: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        packed(text)
    assert "\n" not in str(error.value)


def test_paths_may_contain_spaces(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["my cats/a cat.jpg"]))
    text = write_list(tmp_path / "train.txt", "my cats/a cat.jpg 0")
    assert packed(text) == {"train/0/my cats/a cat.jpg": b"my cats/a cat.jpg"}


def test_blank_lines_tabs_byte_order_marks_and_line_ends_of_windows_are_fine(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["1.jpg", "2.jpg"]))
    text = write_list(tmp_path / "train.txt", "\ufeff1.jpg\t0\r", "", "  \t", " 2.jpg   1 ", "")
    assert list(packed(text)) == ["train/0/1.jpg", "train/1/2.jpg"]


def test_relative_paths_start_at_the_list_and_absolute_ones_are_allowed(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["lists/near.jpg", "far.jpg"]))
    text = write_list(tmp_path / "lists/train.txt", "./near.jpg 0", "../far.jpg 1", f"{tmp_path}/far.jpg 2")
    assert list(packed(text)) == ["train/0/near.jpg", "train/1/%2E./far.jpg", f"train/2{tmp_path}/far.jpg"]


def test_a_path_out_of_the_lists_folder_leads_to_a_photograph(tmp_path: Path) -> None:
    write_folder(tmp_path, {"home/id_rsa": b"", "pets/own": b"", "pets/train.txt": b"own cat\n../home/id_rsa cat\n"})
    with pytest.raises(UserError, match=r"leads out of the data set to '.*home/id_rsa', which is no photograph"):
        list(chosen_lines(lists_in(tmp_path / "pets")))


def test_equal_base_names_stay_apart(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["a/1.jpg", "b/1.jpg", "%2E./1.jpg", "../1.jpg"]))
    text = write_list(tmp_path / "train.txt", "a/1.jpg 0", "b/1.jpg 0", "../1.jpg 0", "%2E./1.jpg 0")
    files = packed(text)
    assert files["train/0/%2E./1.jpg"] == b"../1.jpg"
    assert files["train/0/%2E./1~2.jpg"] == b"%2E./1.jpg"
    assert len(files) == 4


def test_listed_hidden_files_are_kept_by_the_index(tmp_path: Path) -> None:
    write_folder(tmp_path, named([".cache/1.jpg", "../2.jpg"]))
    text = write_list(tmp_path / "train.txt", ".cache/1.jpg cat", "../2.jpg dog")
    with open_archive(pack_lists({text: "train"}, tmp_path / "a.zip")) as archive:
        rows = listed_members([member.name for member in archive.members()], "list")
    assert sorted(rows["label"]) == ["cat", "dog"]


def test_a_file_listed_twice_is_packed_once(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["1.jpg"]))
    assert len(packed(write_list(tmp_path / "train.txt", "1.jpg 0", "1.jpg 0", "./1.jpg 0"))) == 1


def test_a_file_with_two_labels_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["1.jpg"]))
    text = write_list(tmp_path / "train.txt", "1.jpg 0", "1.jpg 1")
    refused(text, r"train\.txt, line 2: .*1\.jpg has label '1', but '0' at .*train\.txt, line 1: remove one")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, named(["1.jpg"]))
    text = write_list(tmp_path / "train.txt", "1.jpg 0", "", "cats/2.jpg 0")
    refused(text, r"train\.txt, line 3: no file .*/cats/2\.jpg: correct the path or remove the line")


@pytest.mark.parametrize("path", ["x" * 300 + ".jpg", "x/" * 3000, "a\0b.jpg"])
def test_a_path_that_cannot_be_is_a_missing_file(tmp_path: Path, path: str) -> None:
    refused(write_list(tmp_path / "train.txt", f"{path} 0"), r"train\.txt, line 1: no file ")


def test_long_names_and_unicode_spaces_are_kept(tmp_path: Path) -> None:
    names = ["n" * 251 + ".jpg", "a\u00a0cat \u2028é.jpg"]
    write_folder(tmp_path, named(names))
    text = write_list(tmp_path / "train.txt", f"{names[0]} 0", f"{names[1]} 1")
    assert packed(text) == {f"train/{label}/{name}": name.encode() for label, name in enumerate(names)}


def test_a_line_without_a_label_is_refused(tmp_path: Path) -> None:
    refused(write_list(tmp_path / "train.txt", "1.jpg"), r"line 1: '1\.jpg' has no label: write `path label`")


@pytest.mark.parametrize("label", ["a/b", "..", ".x", "Thumbs.db", "a\\b"])
def test_a_label_that_is_no_folder_name_is_refused(tmp_path: Path, label: str) -> None:
    refused(write_list(tmp_path / "train.txt", f"1.jpg {label}"), r"line 1: '.*' cannot be a label: use a name")


def test_a_list_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes(b"\xe9.jpg 0")
    refused(tmp_path / "train.txt", r"train\.txt is not a text list in UTF-8: save it as UTF-8")


def test_lists_count_only_beside_a_training_list(tmp_path: Path) -> None:
    for name in ("test.txt", "val.txt", "validation.txt"):
        write_list(tmp_path / name)
    assert lists_in(tmp_path) == {}
    write_list(tmp_path / "train.txt", "", "1.jpg cat")
    assert sorted(lists_in(tmp_path).values()) == ["test", "train", "validation", "validation"]
    write_list(tmp_path / "train.txt", "", "cats/1.jpg")
    assert lists_in(tmp_path) == {}
