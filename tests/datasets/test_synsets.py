"""The development kit names the classes and labels the held-out images, or says what is wrong with it."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.synsets import DevelopmentKit, challenge_in, read_development_kit
from tests.datasets.files import write_folder
from tests.datasets.imagenet_files import (
    KIT_2010,
    KIT_2012,
    LABELS,
    TRAIN_2012,
    TRUTH_2010,
    TRUTH_2012,
    WORDS,
    ilsvrc2010,
    ilsvrc2012,
    kit_2012,
    mat,
    meta_mat,
)


def read(folder: Path, files: dict[str, bytes]) -> DevelopmentKit:
    write_folder(folder, files)
    return read_development_kit(folder, challenge_in(folder))


def refused(folder: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        read(folder, files)
    assert "\n" not in str(error.value)


def test_labels_are_wordnet_number_and_words_and_groups_are_no_classes(tmp_path: Path) -> None:
    assert read(tmp_path, ilsvrc2012()).labels == dict(zip(WORDS, LABELS, strict=True))


def test_held_out_labels_are_in_the_order_of_the_published_list(tmp_path: Path) -> None:
    kit = read(tmp_path, ilsvrc2012(held_out=[2, 3, 1, 1]))
    assert kit.truth == {"test": [LABELS[1], LABELS[2], LABELS[0], LABELS[0]]}


def test_the_test_labels_of_2010_lie_beside_the_kit(tmp_path: Path) -> None:
    kit = read(tmp_path, ilsvrc2010())
    assert kit.truth == {"validation": [LABELS[2], LABELS[0]], "test": [LABELS[1], LABELS[1], LABELS[0]]}


def test_a_folder_without_archives_is_refused(tmp_path: Path) -> None:
    message = r"dataset\.location: .* has no ILSVRC2012_img_train\.tar or ILSVRC2010_images_train\.tar: point to the"
    refused(tmp_path, {"n02119789/n02119789_1.JPEG": b""}, message)
    with pytest.raises(UserError, match=message):
        challenge_in(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [TRAIN_2012, KIT_2012])
def test_a_missing_archive_is_named(tmp_path: Path, name: str) -> None:
    files = {other: content for other, content in ilsvrc2012().items() if other != name}
    refused(tmp_path, files, rf"{tmp_path} has no {name}: put what is missing beside the rest of ILSVRC2012$")


def test_two_challenges_in_one_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, ilsvrc2012() | ilsvrc2010(), "has archives of ILSVRC2012 and ILSVRC2010: give each a folder")


def test_missing_test_labels_of_2010_are_named(tmp_path: Path) -> None:
    files = {name: content for name, content in ilsvrc2010().items() if name != TRUTH_2010}
    refused(tmp_path, files, rf"neither {tmp_path} nor {KIT_2010} in it has {TRUTH_2010}: put it into the folder$")


def test_a_kit_without_synsets_is_refused(tmp_path: Path) -> None:
    files = ilsvrc2012() | {KIT_2012: kit_2012([1], meta=None)}
    refused(tmp_path, files, rf"{tmp_path}/{KIT_2012} has no meta\.mat: fetch the development kit of ILSVRC2012 again$")


@pytest.mark.parametrize("kept", [0, 50, -30])
def test_a_damaged_kit_is_refused(tmp_path: Path, kept: int) -> None:
    files = ilsvrc2012()
    refused(tmp_path, files | {KIT_2012: files[KIT_2012][:kept]}, rf"{KIT_2012} is damaged .*: fetch or pack it again$")


DAMAGE = {
    "empty": b"",
    "text": b"<html>404</html>",
    "HDF5": b"\x89HDF\r\n\x1a\n" * 30,
    "cut": meta_mat("ILSVRC2012_ID")[:300],
    "of another year": meta_mat("ILSVRC2010_ID"),
    "another table": mat(other=1),
    "no table": mat(synsets=1),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_synsets_that_cannot_be_read_are_refused(tmp_path: Path, damage: str) -> None:
    files = ilsvrc2012() | {KIT_2012: kit_2012([1], meta=DAMAGE[damage])}
    refused(tmp_path, files, rf"{KIT_2012}: meta\.mat cannot be read \(.+\): fetch the development kit again$")


@pytest.mark.parametrize("number", [4, 1001])
def test_a_number_that_is_no_class_is_named(tmp_path: Path, number: int) -> None:
    message = rf"{TRUTH_2012} names class {number}, which meta\.mat does not have: fetch both again$"
    refused(tmp_path, ilsvrc2012(held_out=[1, number]), message)


def test_labels_that_are_no_numbers_are_damaged(tmp_path: Path) -> None:
    refused(tmp_path, ilsvrc2010() | {TRUTH_2010: b"<html>"}, rf"{tmp_path}: {TRUTH_2010} is damaged")
