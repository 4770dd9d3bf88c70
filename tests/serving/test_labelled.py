"""Labelled photographs outside the pipeline: labels by folder, and classes that agree."""

import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.serving.labelled import common_classes, labelled_photographs

ANIMALS = ("개", "dog", "émeu", "fox")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def models(**classes: tuple[str, ...]) -> Any:
    return {name: SimpleNamespace(classes=names) for name, names in classes.items()}


def test_photographs_have_the_label_of_the_folder_that_they_lie_below(tmp_path: Path) -> None:
    spelled = unicodedata.normalize("NFD", "émeu")
    assert spelled != "émeu"
    touch(tmp_path, "dog/2.jpg", "dog/more/1.jpg", "개/x", f"{spelled}/1.jpg", "read me", "dog/.hidden", ".git/x")
    found = labelled_photographs(tmp_path, ANIMALS)
    names = {path.relative_to(tmp_path).as_posix(): label for path, label in found.photographs}
    assert names == {"dog/2.jpg": 1, "dog/more/1.jpg": 1, "개/x": 0, f"{spelled}/1.jpg": 2}
    assert found.outside == 1


def test_one_class_is_enough(tmp_path: Path) -> None:
    touch(tmp_path, "fox/1.jpg")
    assert labelled_photographs(tmp_path, ANIMALS).photographs == [(tmp_path / "fox/1.jpg", 3)]


def test_a_folder_that_is_no_class_is_an_error_that_names_it_and_the_classes(tmp_path: Path) -> None:
    touch(tmp_path, "dog/1.jpg", "cat/1.jpg")
    (tmp_path / "cow").mkdir()
    expected = r": the model has no class 'cat', 'cow'; its classes are 'dog', 'fox', 'émeu', …$"
    with pytest.raises(UserError, match=expected):
        labelled_photographs(tmp_path, ANIMALS)


def test_what_has_no_labelled_photographs_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg")
    with pytest.raises(UserError, match="has no photographs in class folders: put those of each class into a folder"):
        labelled_photographs(tmp_path, ANIMALS)
    with pytest.raises(UserError, match=r"1.jpg is no folder: --images takes one with a folder of photographs a class"):
        labelled_photographs(tmp_path / "1.jpg", ANIMALS)


def test_models_may_have_the_same_classes_in_another_order() -> None:
    assert common_classes(models(first=("a", "b", "c"), second=("c", "a", "b"))) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        (("a",), "without 'b', 'c'"),
        (("a", "b", "c", "d"), "with 'd'"),
        (("a", "x", "c"), "without 'b' and with 'x'"),
    ],
)
def test_models_with_other_classes_are_an_error_that_names_the_difference(
    second: tuple[str, ...], difference: str
) -> None:
    with pytest.raises(UserError, match=rf"^two has other classes than one, {difference}: evaluate it by itself$"):
        common_classes(models(one=("a", "b", "c"), two=second))
