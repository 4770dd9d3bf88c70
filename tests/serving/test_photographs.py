"""Which photographs are named, and how they are prepared or refused."""

import io
import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError, resize
from alexnet_pipe.serving.named_files import files_in, labelled_photographs, prepared
from tests.preparation.photographs import landscape, noise


def refusal(path: Path, **resize: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        prepared(path, ResizeParams(**resize))
    return caught.value


@pytest.mark.parametrize("policy", ["crop", "squash"])
def test_photographs_are_prepared_as_the_pipeline_prepares_them(policy: str, tmp_path: Path) -> None:
    picture = landscape(400, 300)
    picture.save(tmp_path / "photo.png")
    pixels = prepared(tmp_path / "photo.png", ResizeParams.model_validate({"policy": policy}))
    np.testing.assert_array_equal(pixels, resize(picture, policy))


def test_files_are_refused_for_the_pipelines_reasons_and_within_its_limits(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.fromarray(noise(20, 30, 3)).save(photo)
    assert prepared(photo, ResizeParams()).shape == (256, 256, 3)
    assert refusal(photo, min_side=21).reason == "too small"
    assert refusal(photo, max_pixels=599).reason == "too many pixels"
    photo.write_bytes(photo.read_bytes()[:500])
    assert refusal(photo).reason == "truncated"


def test_what_is_no_readable_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    assert str(refusal(tmp_path / "pipe")) == "unreadable: not a regular file"
    assert refusal(tmp_path / "link").reason == refusal(tmp_path / "gone").reason == "missing"
    assert str(refusal(tmp_path / ("x" * 300))) == "unreadable: File name too long"


def test_a_folder_stands_for_the_visible_files_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/10.jpg", "a.jpg", "b/.hidden", "c/.DS_Store", "b/list.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = [tmp_path / name for name in ("z.jpg", "a.jpg", "b/10.jpg", "b/2.jpg", "b/list.txt")]
    assert files_in([str(tmp_path / "z.jpg"), str(tmp_path)]) == named
    with pytest.raises(UserError, match=r"c: no file in there: name photographs, or a folder or a list with some$"):
        files_in([str(tmp_path / "c")])


LINES = "photos/b.jpg\r\n\n  spaced .jpg\n고양이.jpg\n".encode() + b"\xff.jpg\n-\nother.txt"
NAMED = ["photos/b.jpg", "  spaced .jpg", "고양이.jpg", "\udcff.jpg", "-", "other.txt"]


def test_a_list_stands_for_its_paths_as_they_are_written(tmp_path: Path) -> None:
    names = tmp_path / "NAMES.TXT"
    names.write_bytes(b"\xef\xbb\xbf" + LINES)
    assert files_in(["first.jpg", str(names), "x" * 300]) == list(map(Path, ["first.jpg", *NAMED, "x" * 300]))


def test_a_dash_stands_for_a_list_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES)))
    assert files_in(["-"]) == list(map(Path, NAMED))
    with pytest.raises(UserError, match=r"^-: no file in there"):
        files_in(["-"])


def test_a_list_that_cannot_be_one_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("a.jpg\nb.jpg\n", "utf-16")
    with pytest.raises(UserError, match=r"names.txt, line 1: no path has a zero byte: save the list as UTF-8"):
        files_in([str(names)])
    with pytest.raises(UserError, match=r"gone.txt is taken for a list .* cannot be read: No such file or directory$"):
        files_in([str(tmp_path / "gone.txt")])


def test_a_file_that_is_no_photograph_is_no_list_either(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_text("a.jpg\n")
    assert files_in([str(broken)]) == [broken]
    assert refusal(broken).reason == "not an image"


ANIMALS = ("개", "dog", "émeu", "fox")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_photographs_have_the_label_of_the_folder_that_they_lie_below(tmp_path: Path) -> None:
    spelled = unicodedata.normalize("NFD", "émeu")
    assert spelled != "émeu"
    touch(tmp_path, "dog/2.jpg", "dog/more/1.jpg", "개/x", f"{spelled}/1.jpg", "read me", "dog/.hidden", ".git/x")
    found = labelled_photographs(tmp_path, ANIMALS)
    names = {path.relative_to(tmp_path).as_posix(): label for path, label in found.photographs}
    assert names == {"dog/2.jpg": 1, "dog/more/1.jpg": 1, "개/x": 0, f"{spelled}/1.jpg": 2}
    assert found.outside == 1


def test_a_folder_may_have_the_wordnet_number_of_its_class(tmp_path: Path) -> None:
    touch(tmp_path, "n01440764/1.JPEG", "n01443537/1.JPEG")
    found = labelled_photographs(tmp_path, ["n01443537 goldfish, Carassius auratus", "n01440764 tench, Tinca tinca"])
    assert [label for _, label in found.photographs] == [1, 0]


IMAGENET = [
    "n01440764 tench, Tinca tinca",
    "n01484850 great white shark, white shark",
    "n02012849 crane",
    "n03126707 crane",
]


def labels(folder: Path, *names: str) -> list[int]:
    touch(folder, *(f"{name}/1.jpg" for name in names))
    return [label for _, label in labelled_photographs(folder, IMAGENET).photographs]


def test_a_folder_may_have_the_words_of_its_class_or_one_of_them(tmp_path: Path) -> None:
    assert labels(tmp_path / "all", "Tench, Tinca tinca", "great_white_shark, white_shark") == [0, 1]
    assert labels(tmp_path / "one", "White Shark", "tinca_tinca") == [1, 0]
    assert labels(tmp_path / "mixed", "n03126707", "tench") == [3, 0]


def test_words_of_two_classes_are_those_of_neither(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the model has no class 'crane'"):
        labels(tmp_path, "crane", "tench")


def test_folders_may_all_be_called_by_label_numbers(tmp_path: Path) -> None:
    touch(tmp_path, "0/1.jpg", "03/1.jpg", "2/1.jpg")
    found = labelled_photographs(tmp_path, IMAGENET)
    assert ([label for _, label in found.photographs], found.numbered) == ([0, 3, 2], True)


def test_numbers_beyond_the_classes_or_beside_names_are_no_labels(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the model has no class '4'"):
        labels(tmp_path / "from 1", "1", "2", "3", "4")
    with pytest.raises(UserError, match="the model has no class '1'"):
        labels(tmp_path / "mixed", "1", "tench")


def test_classes_that_are_numbers_are_names(tmp_path: Path) -> None:
    touch(tmp_path, "7/1.jpg", "8/1.jpg")
    found = labelled_photographs(tmp_path, ["8", "7"])
    assert ([label for _, label in found.photographs], found.numbered) == ([1, 0], False)


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
