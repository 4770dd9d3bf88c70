"""A column beside class folders that may hold the labels and says something else stops the run."""

from collections.abc import Mapping, Sequence

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labelling.choice import chosen_labels
from tests.datasets.labelled_files import files

PHOTOGRAPHS = [f"{group}/{group}{number:02}.jpg" for group in ("ape", "bee") for number in range(20)]
GROUPS = [name[:3] for name in PHOTOGRAPHS]
FINER = [f"{name[:3]}-{number % 4}" for number, name in enumerate(PHOTOGRAPHS)]
ACROSS = ["ab"[number % 2] for number in range(len(PHOTOGRAPHS))]
ALIKE = [group[0] for group in GROUPS]


def table(columns: Mapping[str, Sequence[str]], between: str = ",") -> str:
    rows = [between.join(row) for row in zip(PHOTOGRAPHS, *columns.values(), strict=True)]
    return "\n".join([between.join(("path", *columns)), *rows])


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"hotel_id": FINER}, "hotel_id"),
        ({"chain": GROUPS, "hotel_id": FINER}, "hotel_id"),
        ({"sky": ACROSS}, "sky"),
        ({"batch": ACROSS, "grade": ACROSS}, "grade"),
    ],
)
def test_a_column_that_may_hold_the_labels_and_does_not_follow_the_folders_is_an_error(
    columns: Mapping[str, Sequence[str]], named: str
) -> None:
    found = files(PHOTOGRAPHS, {"train.csv": table(columns)})
    with pytest.raises(UserError, match=f"'train.csv' .* its '{named}' does not follow .* set dataset.labels to"):
        chosen_labels(found)
    assert len(set(chosen_labels(found, "folders").rows["label"])) == 2
    assert len(set(chosen_labels(found, named).rows["label"])) == len({*columns[named]})


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": ALIKE},
        {"kind": ALIKE, "sky": ACROSS},
        {"patient_id": FINER, "scanner": ACROSS},
        {"label": GROUPS, "hotel_id": FINER},
        {"kind": [*ALIKE[:-1], "a"]},
        {"hotel_id": [*FINER[:1], *[""] * 39]},
        {"caption": [f"the {number}th" for number in range(40)]},
    ],
)
def test_folders_are_the_classes_beside_columns_that_follow_them_or_are_no_labels(
    columns: Mapping[str, Sequence[str]],
) -> None:
    found = chosen_labels(files(PHOTOGRAPHS, {"train.csv": table(columns)}))
    assert set(found.rows["label"]) == {"ape", "bee"}


def test_a_table_that_cannot_be_read_hides_no_other_one() -> None:
    both = {"a.csv": b"\xff\xfe\x00", "train.csv": table({"hotel_id": FINER})}
    with pytest.raises(UserError, match="hotel_id"):
        chosen_labels(files(PHOTOGRAPHS, both))


def test_a_table_of_a_few_of_the_photographs_labels_nothing() -> None:
    few = "path,hotel\nape/ape00.jpg,x\nbee/bee00.jpg,x\n"
    assert len(chosen_labels(files(PHOTOGRAPHS, {"few.csv": few})).rows) == 40


@pytest.mark.parametrize(
    "content",
    [
        table({"class_id": FINER, "super_class_id": GROUPS}, " "),
        "\n".join(f"{name}\t{label}" for name, label in zip(PHOTOGRAPHS, FINER, strict=True)),
        "40\n" + "\n".join(f"{name}, {label}" for name, label in zip(PHOTOGRAPHS, FINER, strict=True)),
    ],
)
def test_a_list_with_finer_labels_than_the_folders_is_an_error(content: str) -> None:
    with pytest.raises(UserError, match=r"'info.txt' .* its '(class_id|column 2)' .* make a labels.csv of"):
        chosen_labels(files(PHOTOGRAPHS, {"info.txt": content}))


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(PHOTOGRAPHS),
        table({"x": ACROSS}, " "),
        "\n".join(f"{name} {label}" for name, label in zip(PHOTOGRAPHS, GROUPS, strict=True)),
        "\n".join(f"{name} a b"[: 18 + number % 3] for number, name in enumerate(PHOTOGRAPHS)),
        "\n".join(f"{number} {number % 2}" for number in range(40)),
    ],
)
def test_a_list_that_says_no_more_than_the_folders_is_no_fault(content: str) -> None:
    assert len(chosen_labels(files(PHOTOGRAPHS, {"info.txt": content})).rows) == 40


def test_a_table_that_names_the_folders_and_their_labels_is_an_error_but_one_of_groups_of_classes_is_none() -> None:
    patients = [f"p{number}/{scan}.jpg" for number in range(6) for scan in "ab"]
    labels = "".join(f"p{number},{'cat' if number % 2 else 'dog'}\n" for number in range(6))
    with pytest.raises(
        UserError, match=r"'labels\.csv' names the class folders in 'id', and may say their labels in 'kind'"
    ):
        chosen_labels(files(patients, {"labels.csv": f"id,kind\n{labels}"}))
    for header in ("class,family", "name,family"):
        assert len(chosen_labels(files(patients, {"labels.csv": f"{header}\n{labels}"})).rows) == 12


@pytest.mark.parametrize("splits", ["path,split\n{}", "{}"])
def test_a_class_called_after_a_mask_keeps_its_published_splits(splits: str) -> None:
    photographs = [f"images/{label}/{number}.jpg" for label in ("hat", "with_mask") for number in range(6)]
    if "path" in splits:
        rows = "".join(f"{name},{'test' if number % 3 == 0 else 'train'}\n" for number, name in enumerate(photographs))
        lists = {"info.csv": splits.format(rows)}
    else:
        lists = {"train.txt": "", "test.txt": ""}
        for number, name in enumerate(photographs):
            lists["test.txt" if number % 3 == 0 else "train.txt"] += f"{name}\n"
    found = chosen_labels(files(photographs, lists)).rows
    assert found.loc[found["split"] == "test", "label"].value_counts().to_dict() == {"hat": 2, "with_mask": 2}


def test_photographs_that_a_table_labels_otherwise_are_told() -> None:
    labels = ["bee", *GROUPS[1:]]
    *_, remark = chosen_labels(files(PHOTOGRAPHS, {"train.csv": table({"label": labels})})).remarks
    assert remark == (
        "1 photographs have another label in train.csv, column label, as 'ape/ape00.jpg': that of the folder counts"
    )
