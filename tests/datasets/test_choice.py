"""Which labels are meant: folders first; a table that says something else is an error, but for parts of one heap."""

from collections.abc import Sequence

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labelling.choice import chosen_labels
from tests.datasets.labelled_files import files, shown

PETS = [f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in range(10)]
HEAP = [f"{number}.jpg" for number in range(10)]
IDS = "id,label\n" + "".join(f"{number},{'ab'[number % 2]}\n" for number in range(10))


def table_of(photographs: Sequence[str], labels: Sequence[str]) -> str:
    rows = [f"{name},{label}\n" for name, label in zip(photographs, labels, strict=True)]
    return "file_name,label\n" + "".join(rows)


def test_labels_that_look_alike_are_told_by_their_numbers_but_single_letters_may_be_classes() -> None:
    classes = ["cat", "c\N{CYRILLIC SMALL LETTER A}t", "A", "\N{GREEK CAPITAL LETTER ALPHA}"]
    found = chosen_labels(files([f"{label}/{number}.jpg" for label in classes for number in range(3)]))
    assert found.remarks == [r"'cat' and 'c\u0430t' look alike: rename one if they are one class"]


def test_a_table_is_read_where_there_are_no_class_folders() -> None:
    found = chosen_labels(files([f"images/{name}" for name in HEAP], {"labels.csv": IDS}))
    assert shown(found)[0] == "images/0.jpg a train"
    assert found.origin == "labels.csv, column label"


@pytest.mark.parametrize(
    "table",
    [
        table_of(PETS, "c" * 10 + "d" * 10),
        table_of(PETS, "d" + "c" * 9 + "d" * 10),
        "file_name,source\n" + "".join(f"{name},{number % 2}\n" for number, name in enumerate(PETS)),
        "x,y\n1,2\n",
        "\xff",
    ],
)
def test_class_folders_are_read_where_no_table_contradicts_them(table: str) -> None:
    found = chosen_labels(files(PETS, {"metadata.csv": table.encode("latin-1")}))
    assert set(found.rows["label"]) == {"cats", "dogs"}
    assert found.origin == ""


def test_a_table_beside_class_folders_that_is_not_understood_is_told() -> None:
    table = table_of(PETS, "a" * 10 + "b" * 10) + "cats/0.jpg,c\n"
    found = chosen_labels(files(PETS, {"labels.csv": table}))
    assert set(found.rows["label"]) == {"cats", "dogs"}
    *_, remark = found.remarks
    assert remark.startswith(
        "labels from class folders, not from a table, for pets: labels from labels.csv, column label: 1 "
    )


def test_a_table_that_contradicts_the_class_folders_is_an_error_until_the_user_decides() -> None:
    both = files(PETS, {"labels.csv": table_of(PETS, "in" * 10)})
    with pytest.raises(
        UserError, match=r"do not agree about 15 of 20 photographs, as '.*': set dataset\.labels"
    ) as caught:
        chosen_labels(both)
    assert "\n" not in str(caught.value)
    assert set(chosen_labels(both, "folders").rows["label"]) == {"cats", "dogs"}
    assert set(chosen_labels(both, "label").rows["label"]) == {"i", "n"}
    with pytest.raises(UserError, match="no table that names its photographs and has a column 'dx': correct"):
        chosen_labels(both, "dx")


def test_a_table_that_contradicts_a_few_photographs_by_the_names_of_other_classes_is_no_renaming() -> None:
    with pytest.raises(UserError, match="do not agree about 3 of 3 photographs"):
        chosen_labels(files(PETS, {"fix.csv": table_of(PETS[:3], ["dogs"] * 3)}))


def test_folders_that_share_names_which_a_table_labels_otherwise_are_doubtful() -> None:
    heaps = [f"{camera}/{number}.jpg" for camera in ("a", "b") for number in range(10)]
    table = "file,label\n" + "".join(f"{number}.jpg,{'cat' if number % 2 else 'dog'}\n" for number in range(10))
    doubtful = files(heaps, {"labels.csv": table})
    with pytest.raises(
        UserError, match=r"'0\.jpg' may be 'a/0\.jpg' or 'b/0\.jpg': .* set dataset\.labels to 'folders'"
    ):
        chosen_labels(doubtful)
    assert set(chosen_labels(doubtful, "folders").rows["label"]) == {"a", "b"}


def test_a_table_is_read_where_the_folders_are_parts_of_one_heap() -> None:
    parts = [f"HAM10000_images_part_{1 + number // 5}/ISIC_{number}.jpg" for number in range(10)]
    table = "image_id,dx\n" + "".join(f"ISIC_{number},{('nv', 'mel')[number % 2]}\n" for number in range(10))
    found = chosen_labels(files(parts, {"HAM10000_metadata.csv": table}))
    assert found.origin == "HAM10000_metadata.csv, column dx"
    assert set(found.rows["label"]) == {"nv", "mel"}


def test_the_metadata_of_an_imagefolder_go_before_folders() -> None:
    found = chosen_labels(files(PETS, {"metadata.csv": table_of(PETS, "in" * 10)}))
    assert (found.origin, set(found.rows["label"])) == ("metadata.csv, column label", {"i", "n"})


def test_a_table_that_says_the_same_of_more_photographs_is_read_with_the_names_of_the_folders() -> None:
    train = [f"Train/{label}/{number}.png" for label in ("stop", "yield") for number in range(10)]
    test = [f"Test/{number}.png" for number in range(10)]
    table = "Width,ClassId,Path\n"
    table += "".join(f"27,{number // 10},{name}\n" for number, name in enumerate(train))
    table += "".join(f"27,{number % 2},{name}\n" for number, name in enumerate(test))
    found = chosen_labels(files([*train, *test], {"signs.csv": table}))
    assert found.origin == "class folders and signs.csv, column ClassId"
    assert found.rows.groupby(["split", "label"]).size().to_dict() == {
        ("test", "stop"): 5,
        ("test", "yield"): 5,
        ("train", "stop"): 10,
        ("train", "yield"): 10,
    }


def test_a_table_of_the_test_split_alone_is_read_beside_class_folders() -> None:
    test = ["test/1.jpg", "test/2.jpg"]
    train = [f"train/{name}" for name in PETS]
    found = chosen_labels(files([*train, *test], {"test.csv": table_of(test, ["dogs", "cats"])}))
    assert found.rows.groupby(["split", "label"]).size().to_dict() == {
        ("test", "cats"): 1,
        ("test", "dogs"): 1,
        ("train", "cats"): 10,
        ("train", "dogs"): 10,
    }
    other_words = chosen_labels(files([*train, *test], {"test.csv": table_of(test, ["1", "0"])}))
    assert set(other_words.rows["split"]) == {"train"}


def test_a_table_that_agrees_says_the_splits_of_class_folders_without() -> None:
    table = "path,label,split\n" + "".join(f"{name},{name[:4]},{'test' if '9' in name else 'train'}\n" for name in PETS)
    found = chosen_labels(files(PETS, {"all.csv": table}))
    assert found.rows.groupby(["split", "label"]).size().to_dict() == {
        ("test", "cats"): 1,
        ("test", "dogs"): 1,
        ("train", "cats"): 9,
        ("train", "dogs"): 9,
    }


@pytest.mark.parametrize(
    "lists",
    [
        {"meta/train.txt": "cats/1\ncats/2\ndogs/1\ndogs/2\n", "meta/test.txt": "cats/3\ndogs/3\n"},
        {"Testing_01.txt": "/cats/3.jpg\n/dogs/3.jpg\n"},
        {"test.txt": "images/cats/3.jpg 0\nimages/dogs/3.jpg 1\n"},
        {"lists/test.lst": "images/cats/3.jpg,0\nimages/dogs/3.jpg,1\n"},
        {"test.csv": "path\ncats/3.jpg\ndogs/3.jpg\n"},
        {"splits.csv": "file,split\ncats/3.jpg,test\ndogs/3.jpg,test\ncats/1.jpg,train\n"},
        {"testlist01.txt": "cats/3.jpg 1\ndogs/3.jpg 2\n"},
        {"trainval.txt": "cats/2\ndogs/2\ncats/3\ndogs/3\n", "test.txt": "cats/3\ndogs/3\n"},
        {"splits.json": '{"train": ["cats/1.jpg", "dogs/1.jpg"], "test": ["cats/3.jpg", "dogs/3.jpg"]}'},
        {"split_zhou.json": '{"test": [["cats/3.jpg", 0, "cats"], ["dogs/3.jpg", 1, "dogs"]]}'},
        {"meta/test.json": '{"cats": ["cats/3"], "dogs": ["dogs/3"]}'},
        {"a.json": '[{"file_name": "cats/3.jpg", "split": "test"}, {"file_name": "dogs/3.jpg", "split": "test"}]'},
        {"a.json": '{"cats/3.jpg": "test", "dogs/3.jpg": "test", "cats/1.jpg": "train"}'},
        {  # CUB
            "images.txt": "1 cats/1.jpg\n2 cats/2.jpg\n3 cats/3.jpg\n4 dogs/1.jpg\n5 dogs/2.jpg\n6 dogs/3.jpg\n",
            "image_class_labels.txt": "1 1\n2 1\n3 1\n4 2\n5 2\n6 2\n",
            "train_test_split.txt": "1 1\n2 1\n3 0\n4 1\n5 1\n6 0\n",
        },
    ],
)
def test_published_lists_of_splits_are_read_beside_what_labels(lists: dict[str, str]) -> None:
    photographs = [f"images/{label}/{number}.jpg" for label in ("cats", "dogs") for number in (1, 2, 3)]
    found = chosen_labels(files(photographs, lists))
    assert [line for line in shown(found) if line.endswith(" test")] == [
        "images/cats/3.jpg cats test",
        "images/dogs/3.jpg dogs test",
    ]
    assert found.remarks[-1].startswith("splits from ")


@pytest.mark.parametrize(
    ("lists", "remark"),
    [
        (
            {"train2.txt": "cats/1\ndogs/1\n", "test1.txt": "cats/1\ndogs/1\n"},
            "splits of 'test1.txt', 'train2.txt' differ from each other, ignored",
        ),
        ({"test.txt": "cats/1\ncats/2\n"}, "splits of 'test.txt' leave no training images to 'cats', ignored"),
        *(
            ({name: said}, f"splits may be in '{name}', not followed: a table of file_name,split would be")
            for name, said in {
                "test_list.mat": "MATLAB",
                "splits.json": "{",
                "deep/splits.json": "[" * 100_000,
                "karpathy.json": '[{"filepath": "cats", "filename": "1.jpg", "split": "test"}]',
                "test.txt": "somewhere/else.jpg\n",
                "train_test_split.txt": "1 1\n2 0\n",
            }.items()
        ),
        (
            {"images.txt": "1 cats/1.jpg\n2 dogs/1.jpg\n", "train_test_split.txt": "1 train\n2 test\n"},
            "splits may be in 'train_test_split.txt', not followed",
        ),
    ],
)
def test_lists_of_splits_that_cannot_be_followed_are_told(lists: dict[str, str], remark: str) -> None:
    photographs = [f"images/{label}/{number}.jpg" for label in ("cats", "dogs") for number in (1, 2)]
    found = chosen_labels(files(photographs, lists))
    assert set(found.rows["split"]) == {"train"}
    assert remark in "\n".join(found.remarks)


def test_json_of_something_else_is_passed_over() -> None:
    others = {"config.json": '{"train": {"epochs": "1"}, "note": "of the test"}', "classes.json": '{"0": "cats"}'}
    photographs = [f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in (1, 2)]
    assert [remark for remark in chosen_labels(files(photographs, others)).remarks if "split" in remark] == []


def test_classes_that_may_be_one_are_told() -> None:
    found = chosen_labels(files([f"{label}/{number}.jpg" for label in ("cat", "cats") for number in (1, 2)]))
    assert found.remarks == ["'cat' and 'cats' may be one class: rename one if so"]


def test_a_list_that_names_photographs_of_a_train_folder_by_chance_holds_none_out() -> None:
    photographs = [f"train/{label}_{number}.jpg" for label in ("cat", "dog") for number in (1, 2)]
    found = chosen_labels(files(photographs, {"test.txt": "cat_1\ndog_1\n"}))
    assert set(found.rows["split"]) == {"train"}
    assert found.remarks == ["splits of 'test.txt' that are not those of the folders, ignored"]


def test_masks_beside_photographs_are_not_taken_for_them() -> None:
    names = [f"{label}_{number}" for label in ("Abyssinian", "pug") for number in range(5)]
    photographs = [f"images/{name}.jpg" for name in names] + [f"annotations/trimaps/{name}.png" for name in names]
    found = chosen_labels(files(photographs, {"annotations/list.txt": "Abyssinian_1 1 1 1\n"}))
    assert found.origin == "the names of the files, as Abyssinian_0.jpg"
    assert len(found.rows) == len(names)
    assert found.remarks == ["masks and annotations that are images, left out: 10"]


def test_masks_in_the_folder_of_their_photographs_are_left_out_as_busis() -> None:
    photographs = [
        f"{label}/{label} ({n}){end}.png"
        for label in ("benign", "normal")
        for n in (1, 2)
        for end in ("", "_mask", "_mask_1")
    ]
    found = chosen_labels(files([*photographs, "normal/with_mask.png"]))
    assert sorted(found.rows["member"]) == [
        *(f"{label}/{label} ({n}).png" for label in ("benign", "normal") for n in (1, 2)),
        "normal/with_mask.png",
    ]
    assert found.remarks == ["masks and annotations that are images, left out: 8"]


@pytest.mark.parametrize("classes", [("day_1", "day_7"), ("2019", "2020"), ("cats", "dogs", "samples")])
def test_folders_whose_names_are_doubtful_are_classes_if_the_user_says_so(classes: Sequence[str]) -> None:
    found = files([f"{label}/{number}.jpg" for label in classes for number in (1, 2)])
    with pytest.raises(UserError):
        chosen_labels(found)
    assert set(chosen_labels(found, "folders").rows["label"]) == set(classes)


@pytest.mark.parametrize("column", ["gender", "Site", "sex", "tags"])
def test_a_column_that_is_a_label_only_if_asked_for_is_named(column: str) -> None:
    found = files(HEAP, {"people.csv": IDS.replace("label", column)})
    with pytest.raises(UserError, match=rf"no column of 'people\.csv' plainly .* set dataset\.labels .*\('{column}'\)"):
        chosen_labels(found)
    assert set(chosen_labels(found, column).rows["label"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("column", "labels", "agree"),
    [
        ("label", ["cat", "dog"], True),
        ("colour", ["0", "1"], True),
        ("label", ["day", "night"] * 2, True),  # Of another thing, and called so.
        ("label", ["dog", "cat"], False),
        ("label", ["cat", "dog"] * 2, False),
        ("colour", ["red", "blue"] * 2, False),
    ],
)
def test_a_table_that_contradicts_the_names_of_the_files_is_an_error_until_the_user_decides(
    column: str, labels: list[str], agree: bool
) -> None:
    names = [f"{label}.{number}.jpg" for label in ("cat", "dog") for number in range(10)]
    each = [label for label in labels for _ in range(20 // len(labels))]
    found = files(names, {"labels.csv": table_of(names, each).replace("label", column)})
    if agree:
        assert set(chosen_labels(found).rows["label"]) == set(labels)
    else:
        with pytest.raises(UserError, match=r"names of the files, as cat\.0\.jpg, and .* do not agree about \d+ of"):
            chosen_labels(found)
    assert set(chosen_labels(found, column).rows["label"]) == set(labels)


def test_labels_in_names_come_last() -> None:
    found = chosen_labels(files(["train/cat.0.jpg", "train/cat.1.jpg", "train/dog.0.jpg", "train/dog.1.jpg"]))
    assert found.origin == "the names of the files, as cat.0.jpg"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("aaaaaaaaaa", r"there is one class only \('a'\)"),
        ("abcdefabcd", r"6 for 10 photographs are no classes: set dataset\.labels"),
        (["Cat", "cat"] * 5, "'Cat' and 'cat' are two spellings of one label"),
        (["\"['a', 'b']\"", "c"] * 5, ".* is no name of a class"),
        (['"{""kind"":""a""}"', '"{""kind"":""b""}"'] * 5, ".* is no name of a class"),
        (["a", "b", "a", "b", "b|a"] * 2, r"'b\|a' are several labels of one photograph"),
        (["0 16", "2", "2", "3", "3"] * 2, "'0 16' are several labels of one photograph"),
        (["a", "b", "a", "b", "b and a"] * 2, "'b and a' are several labels of one photograph"),
        (["scab", "rust", "scab rust", "red fox", "fox"] * 2, "'scab rust' are several labels of one photograph"),
        (["cat dog", "dog cat"] * 5, "'dog cat' are several labels of one photograph: keep one .* or join words"),
        (["train", "test"] * 5, "'test', 'train' are splits, no labels"),
        (["x|y", "z"] * 5, r"'x\|y' are several labels"),
        (["1", "1.0"] * 5, "'1' and '1.0' are two spellings of one label"),
        (["b", "a\x1b[2J"] * 5, r"'a\\x1b\[2J' has characters that cannot be printed"),
    ],
)
def test_labels_that_cannot_be_used_are_an_error(labels: Sequence[str], message: str) -> None:
    with pytest.raises(UserError, match=rf"pets: labels from labels\.csv, column label: {message}"):
        chosen_labels(files(HEAP, {"labels.csv": table_of(HEAP, labels)}))


@pytest.mark.parametrize(
    ("other", "advice"),
    [
        (
            "labels.csv",
            r"\('labels\.csv' has no column, as file_name, that names the photographs as they are called here\)",
        ),
        ("train.7z", r"\(unpack 'train\.7z' first\)"),
        (
            "labels.parquet",
            r"\('labels\.parquet' is not read beside photographs: save a table of labels as labels\.csv\)",
        ),
    ],
)
def test_what_may_hold_labels_or_photographs_and_is_not_read_is_named(other: str, advice: str) -> None:
    with pytest.raises(UserError, match=advice):
        chosen_labels(files([f"images/{name}" for name in HEAP], {other: "number,breed\nx0,pug\n"}))


def test_a_list_of_any_name_is_told_how_it_is_read() -> None:
    with pytest.raises(
        UserError, match=r"\(to read 'labels\.txt', a path and a label a line, point dataset\.location to it"
    ):
        chosen_labels(files([f"images/my {name}" for name in HEAP], {"labels.txt": "images/my 0.jpg cat\n"}))


@pytest.mark.parametrize("annotations", ["instances.json", "images/0.xml", "0.txt", "0.cls", "labels.xlsx"])
def test_annotations_that_are_not_read_are_named(annotations: str) -> None:
    with pytest.raises(UserError, match=rf"annotations, as '{annotations}', are not read: make a labels\.csv"):
        chosen_labels(files([f"images/{name}" for name in HEAP], {annotations: "{}"}))


def test_annotations_of_single_photographs_that_are_called_after_a_split_are_no_lists() -> None:
    annotations = {f"ann/test_{number}.txt": "0 0.5 0.5 0.1 0.1\n" for number in range(101)}
    photographs = ["cats/0.jpg", *(f"cats/{n}.jpg" for n in range(1, 9)), *(f"dogs/{n}.jpg" for n in range(10, 19))]
    assert set(chosen_labels(files(photographs, annotations)).rows["split"]) == {"train"}


def test_what_a_list_of_the_training_split_alone_does_not_name_is_told() -> None:
    found = chosen_labels(files(PETS, {"train.txt": "".join(f"{name}\n" for name in PETS[:9] + PETS[10:19])}))
    assert set(found.rows["split"]) == {"train"}
    assert found.remarks[-1] == "photographs in no list of a split, trained with: 2"


def test_photographs_with_the_same_name_and_another_ending_are_told() -> None:
    found = chosen_labels(files([*PETS, "cats/0.png", "cats/1.png"]))
    assert found.remarks == ["photographs that differ in their endings only, as two of 'cats/0': 2; masks?"]
