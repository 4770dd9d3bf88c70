"""What people say of photographs is kept by their bytes, and changes labels and nothing else."""

import re
from pathlib import Path

import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.relabelled import Override, load_overrides, save_overrides, with_overrides
from alexnet_pipe.datasets.reviewed import named_photographs, read_review, relabelled

A, B, C, D, E = (letter * 64 for letter in "abcde")
FILE = Path("conf/relabelled.csv")


def manifest() -> pd.DataFrame:
    rows = [("test", "cat", A), ("train", "cat", B), ("train", "cat", C), ("train", "dog", D), ("train", "dog", E)]
    table = pd.DataFrame(rows, columns=["split", "label", "sha256"], dtype="str")
    return table.assign(member=[f"pets/{n}.jpg" for n in range(len(table))], container="pets.zip")


def review(folder: Path, text: str, name: str = "review.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_labels_change_by_the_bytes_and_splits_do_not() -> None:
    overrides = {A: Override("dog", "cat", "pets/0.jpg"), C: Override("", "cat", "pets/2.jpg")}
    rows, findings = with_overrides(manifest(), overrides, FILE)
    assert rows[["split", "label", "sha256"]].to_numpy().tolist() == [
        ["test", "dog", A],
        ["train", "cat", B],
        ["train", "cat", C],
        ["train", "dog", D],
        ["train", "dog", E],
    ]
    assert [tuple(row) for row in findings.itertuples(name=None)] == [
        (0, "noted", "relabelled", "was cat"),
        (2, "removed", "dropped", "by conf/relabelled.csv"),
    ]
    before = manifest().set_index("sha256")["split"]
    assert rows.set_index("sha256")["split"].sort_index().equals(before.sort_index())


def test_rows_are_in_the_order_of_their_new_labels_and_findings_follow() -> None:
    rows, findings = with_overrides(manifest(), {B: Override("dog", "cat", "pets/1.jpg")}, FILE)
    assert rows["sha256"].tolist() == [A, C, B, D, E]
    assert rows.index.tolist() == [0, 1, 2, 3, 4]
    assert findings.index.tolist() == [2]


def test_no_overrides_change_nothing_and_those_of_other_photographs_neither() -> None:
    for overrides in ({}, {"f" * 64: Override("dog", "cat", "gone.jpg")}, {A: Override("cat", "cat", "0.jpg")}):
        rows, findings = with_overrides(manifest(), overrides, FILE)
        pd.testing.assert_frame_equal(rows, manifest())
        assert findings.empty


def test_the_copies_of_a_photograph_get_one_label() -> None:
    rows = manifest().assign(sha256=[A, B, D, D, E])
    found, findings = with_overrides(rows, {D: Override("dog", "cat", "pets/2.jpg")}, FILE)
    assert set(found.loc[found["sha256"] == D, "label"]) == {"dog"}
    assert findings["detail"].tolist() == ["was cat"]  # The other one was a dog already.


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({A: "bird"}, "has the label 'bird', which is no class of the photographs"),
        ({A: ""}, "would leave the test split without images"),
        ({D: "cat", E: ""}, "would leave the class 'dog' without training images"),
    ],
)
def test_what_would_leave_no_data_set_is_refused(said: dict[str, str], message: str) -> None:
    overrides = {digest: Override(label, "cat", "a.jpg") for digest, label in said.items()}
    with pytest.raises(UserError, match=rf"^conf/relabelled\.csv {re.escape(message)}"):
        with_overrides(manifest(), overrides, FILE)


def test_the_file_keeps_any_name_in_the_order_of_the_bytes(tmp_path: Path) -> None:
    overrides = {C: Override("", "=cat", 'a,"b\n.jpg'), A: Override("@dog", "-cat", "ä.jpg")}
    save_overrides(tmp_path / "relabelled.csv", overrides)
    text = (tmp_path / "relabelled.csv").read_text(encoding="utf-8")
    assert text.startswith(f"sha256,label,was,image\n{A},'@dog,'-cat,ä.jpg\n{C},,")
    assert load_overrides(tmp_path / "relabelled.csv") == overrides


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: sha256,label,was,image is expected"),
        ("sha256,label\n", "line 1: sha256,label,was,image is expected"),
        ("sha256,label,was,image\nabc,dog,cat,x\n", "line 2: 4 cells are expected, the first of them a SHA-256"),
        (f"sha256,label,was,image\n{A},dog\n", "line 2: 4 cells are expected, the first of them a SHA-256"),
        (f"sha256,label,was,image\n{A},a,b,c\n{A},a,b,c\n", "line 3: the photograph of an earlier line again"),
        ("<<<<<<< HEAD\nsha256,label,was,image\n", "line 1: sha256,label,was,image is expected"),
    ],
)
def test_a_file_that_was_damaged_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "relabelled.csv").write_text(text)
    with pytest.raises(UserError, match=rf"relabelled\.csv, {re.escape(message)}: mend it, or take the last commit's"):
        load_overrides(tmp_path / "relabelled.csv")


def test_a_review_names_photographs_by_path_or_by_bytes(tmp_path: Path) -> None:
    file = review(tmp_path, f"image,label,remark\npets/0.jpg,dog,sure\n{D},drop,\n")
    assert read_review(file, manifest()) == {
        A: Override("dog", "cat", "pets/0.jpg"),
        D: Override("", "dog", "pets/3.jpg"),
    }
    assert named_photographs(file, manifest()) == {A, D}
    by_bytes = review(tmp_path, f"image;label;sha256\nwhatever;cat;{E}\n", "semicolons.csv")
    assert read_review(by_bytes, manifest()) == {E: Override("cat", "dog", "pets/4.jpg")}


def test_what_the_source_says_itself_needs_no_override(tmp_path: Path) -> None:
    before = {A: Override("dog", "cat", "pets/0.jpg"), "f" * 64: Override("dog", "cat", "gone.jpg")}
    now = relabelled(
        review(tmp_path, "image,label\npets/0.jpg,cat\npets/1.jpg,cat\npets/2.jpg,dog\n"), manifest(), before
    )
    assert now == {"f" * 64: Override("dog", "cat", "gone.jpg"), C: Override("dog", "cat", "pets/2.jpg")}


def test_a_class_called_drop_is_a_class(tmp_path: Path) -> None:
    rows = manifest().replace({"label": {"dog": "drop"}})
    assert read_review(review(tmp_path, "image,label\npets/0.jpg,drop\n"), rows)[A].label == "drop"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("image,label\n", "has no lines below its first: nothing is changed"),
        ("image\npets/0.jpg\n", "has no column label: its first line is `image,label`"),
        ("photo,label\npets/0.jpg,cat\n", "has neither a column image nor sha256"),
        (
            "image,label\npets/0.jpg,dog\npets/9.jpg,dog\n",
            "line 3: there is no photograph 'pets/9.jpg' in data/manifest.pa",
        ),
        ("image,label\npets/0.jpg,dgo\n", "line 2: there is no class 'dgo': did you mean 'dog'?"),
        ("image,label\npets/0.jpg,\n", "line 2: there is no class '': give the name of a class, or `drop`"),
        (
            "image,label\npets/0.jpg,dog\npets/0.jpg,cat\n",
            "line 3: line 2 names the same photograph: leave one of them",
        ),
        (f"image,label\npets/0.jpg,dog\n{A},dog\n", "line 3: line 2 names the same photograph: leave one of them"),
        ("image,label\npets/0.jpg,dog,more\n", "cannot be read"),
        ("image,label\n\x1b[2J,dog\n", r"line 2: there is no photograph '\x1b[2J'"),
    ],
)
def test_a_review_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        read_review(review(tmp_path, text), manifest())
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_a_name_that_two_photographs_have_is_refused(tmp_path: Path) -> None:
    rows = manifest().assign(member="same.jpg", container=list("abcde"))
    with pytest.raises(UserError, match=r"line 2: 5 photographs are called 'same\.jpg': name it by its SHA-256"):
        read_review(review(tmp_path, "image,label\nsame.jpg,dog\n"), rows)


def test_a_damaged_photograph_and_other_files_are_refused(tmp_path: Path) -> None:
    rows = manifest().assign(sha256=["", B, C, D, E])
    with pytest.raises(UserError, match=r"line 2: 'pets/0\.jpg' is damaged in its archive"):
        read_review(review(tmp_path, "image,label\npets/0.jpg,dog\n"), rows)
    with pytest.raises(UserError, match="is no file: name a table"):
        read_review(tmp_path, rows)
    with pytest.raises(UserError, match=r"that ends in \.csv or \.tsv is expected"):
        read_review(review(tmp_path, "image,label\n", "review.xlsx"), rows)
