"""Label and split of a file follow from its folders; layouts that make no sense are refused in one line."""

import re
import unicodedata

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folders.folder_names import split_of
from alexnet_pipe.datasets.folders.layout import index_members

FLAT = ["cats/1.jpg", "dogs/1.jpg"]


def labels(files: list[str], folders: list[str] | None = None) -> dict[str, tuple[str, str]]:
    rows = index_members(files, folders or [], "pets").rows
    return {row.member: (row.label, row.split) for row in rows.itertuples()}


def refused(message: str, files: list[str], folders: list[str] | None = None) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as error:
        labels(files, folders)
    assert "\n" not in str(error.value)


def test_class_folders_are_training_images() -> None:
    assert labels(FLAT) == {"cats/1.jpg": ("cats", "train"), "dogs/1.jpg": ("dogs", "train")}


@pytest.mark.parametrize(
    ("folder", "split"),
    [(name, "train") for name in ("train", "training", "training_set", "train_set", "Train", "trainset", "train-set")]
    + [(name, "validation") for name in ("val", "valid", "validation", "validation_set", "VAL")]
    + [(name, "test") for name in ("test", "testing", "test_set")]
    + [(name, None) for name in ("trains", "tests", "contest", "value", "set", "cats")],
)
def test_usual_spellings_of_splits_are_known(folder: str, split: str | None) -> None:
    assert split_of(folder) == split


def test_split_folders_above_the_classes() -> None:
    files = [f"{split}/{name}" for split in ("train", "val", "test") for name in FLAT]
    assert [split for _, split in labels(files).values()] == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2


def test_two_spellings_of_one_split_are_merged() -> None:
    assert labels(["train/cats/1.jpg", "training_set/dogs/1.jpg"]) == {
        "train/cats/1.jpg": ("cats", "train"),
        "training_set/dogs/1.jpg": ("dogs", "train"),
    }


def test_a_repeated_split_folder_is_looked_through() -> None:
    files = [f"{split}/{split}/{name}" for split in ("training_set", "test_set") for name in FLAT]
    assert set(labels(files).values()) == {(c, s) for c in ("cats", "dogs") for s in ("train", "test")}


def test_a_class_may_be_called_train_below_a_split_folder() -> None:
    assert labels(["train/train/1.jpg", "train/bus/1.jpg"])["train/train/1.jpg"] == ("train", "train")


@pytest.mark.parametrize("wrapping", ["data/", "./", "./a/b/c/", "/".join("abcdefgh") + "/"])
def test_wrapping_folders_are_looked_through(wrapping: str) -> None:
    assert set(labels([wrapping + name for name in FLAT]).values()) == {("cats", "train"), ("dogs", "train")}
    split = [f"{wrapping}{split}/{name}" for split in ("train", "test") for name in FLAT]
    assert labels(split)[f"{wrapping}test/dogs/1.jpg"] == ("dogs", "test")


def test_folders_below_a_class_belong_to_it() -> None:
    assert labels([*FLAT, "cats/2012/may/2.jpg"])["cats/2012/may/2.jpg"] == ("cats", "train")


def test_hidden_and_system_files_are_ignored() -> None:
    system = [".x", "_DS_Store", ".DS_Store", "Thumbs.db", "desktop.ini", ".git/config", "__MACOSX/cats/._1.jpg"]
    nested = [f"cats/{name}" for name in system]
    index = index_members([*system, *nested, *FLAT], ["__MACOSX/", "cats/"], "pets")
    assert (sorted(index.rows["member"]), index.outside) == (FLAT, [])


def test_files_outside_class_folders_are_counted() -> None:
    index = index_members(["LICENSE", "data/readme.txt", *(f"data/{name}" for name in FLAT)], [], "pets")
    assert (len(index.rows), index.outside) == (2, ["LICENSE", "data/readme.txt"])


def test_documents_beside_photographs_are_left_out_and_told_but_no_other_files() -> None:
    found = index_members([*FLAT, "cats/1.xml", "cats/notes.txt", "cats/no ending"], [], "pets")
    assert "cats/no ending" in set(found.rows["member"])
    assert len(found.rows) == 3
    assert found.remarks == ["documents in class folders, left out: 2"]


def test_as_many_folders_as_photographs_are_no_classes() -> None:
    with pytest.raises(UserError, match="20 folders for 21 photographs are no classes"):
        labels([*(f"s{number:04}x{number % 7}/1.jpg" for number in range(20)), "s0001x1/2.jpg"])


def test_backslashes_separate_folders_in_archives_from_windows() -> None:
    assert labels(["set\\cats\\1.jpg", "set\\dogs\\1.jpg"])["set\\cats\\1.jpg"] == ("cats", "train")


def test_two_spellings_of_one_letter_are_one_class() -> None:
    two = [f"{split}/{unicodedata.normalize(form, 'bébé')}/1" for split, form in (("train", "NFC"), ("test", "NFD"))]
    assert {label for label, _ in labels([*two, "train/dogs/1"]).values()} == {"bébé", "dogs"}


def test_split_beside_class_folders_is_refused() -> None:
    refused("pets has split folders ('train') beside class folders ('bus', 'car')", ["train/1", "bus/1", "car/1"])


def test_no_files_are_refused() -> None:
    refused("pets has no images: it has no files", [])
    refused("pets has no images: none of its 2 files lies in a class folder", ["1.jpg", "2.jpg"])
    refused("pets has no images", [], ["cats/", "dogs/"])


def test_one_class_is_refused() -> None:
    refused("pets has one class only ('cats'): add a folder", ["cats/1.jpg", "cats/2.jpg"])


@pytest.mark.parametrize("extra", [[], ["dogs/.DS_Store"]])
def test_an_empty_class_folder_is_refused(extra: list[str]) -> None:
    files = ["cats/1.jpg", "birds/1.jpg", *extra]
    refused("class 'dogs' in pets is empty: add photographs or remove the folder", files, ["dogs/"])


def test_an_empty_class_folder_in_one_split_is_refused() -> None:
    files = [f"{split}/{name}" for split in ("train", "test") for name in FLAT]
    refused("class 'birds' in pets/test is empty", files, ["test/birds/"])


def test_an_empty_split_folder_is_refused() -> None:
    refused("split folder 'test' in pets is empty", [f"train/{name}" for name in FLAT], ["test"])


@pytest.mark.parametrize("split", ["test", "val"])
def test_a_class_without_training_images_is_refused(split: str) -> None:
    files = [*(f"train/{name}" for name in FLAT), f"{split}/birds/1.jpg"]
    refused("pets: 1 of 3 classes ('birds') have test or validation images but no training images", files)


def test_a_test_split_alone_is_refused() -> None:
    refused("2 of 2 classes ('cats', 'dogs') have test", [f"test/{name}" for name in FLAT])


def test_a_class_without_test_images_is_fine() -> None:
    assert len(labels([*(f"train/{name}" for name in FLAT), "test/cats/2.jpg"])) == 3
