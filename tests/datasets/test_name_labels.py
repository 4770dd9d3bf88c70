"""Labels in names of files: what has them all is read; what may have them otherwise is an error, and never a guess."""

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labelling.name_labels import labels_in_names
from tests.datasets.labelled_files import files, shown

CATS = [f"train/{label}.{number}.jpg" for label in ("cat", "dog") for number in (0, 1)]


def test_a_test_folder_without_labels_is_left_out_and_told() -> None:
    found = labels_in_names(files([*CATS, "test1/1.jpg", "test1/2.jpg"]))
    assert shown(found) == [
        "train/cat.0.jpg cat train",
        "train/cat.1.jpg cat train",
        "train/dog.0.jpg dog train",
        "train/dog.1.jpg dog train",
    ]
    assert found is not None
    assert found.origin == "the names of the files, as cat.0.jpg"
    assert found.remarks == ["photographs of the test split without a label, left out: 2"]


def test_a_test_folder_with_labels_is_the_test_split() -> None:
    assert "test/dog.7.jpg dog test" in shown(labels_in_names(files([*CATS, "test/dog.7.jpg"])))


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["Abyssinian_1", "Abyssinian_12", "great_pyrenees_1", "great_pyrenees_2"], {"Abyssinian", "great_pyrenees"}),
        (["n01440764_1", "n01440764_2", "n02099601_1", "n02099601_2"], {"n01440764", "n02099601"}),
        (["red rose (1)", "red rose (2)", "tulip-1", "tulip-2"], {"red rose", "tulip"}),
    ],
)
def test_labels_may_have_the_separators_in_them(names: list[str], labels: set[str]) -> None:
    found = labels_in_names(files(f"images/{name}.JPEG" for name in names))
    assert found is not None
    assert set(found.rows["label"]) == labels


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"],
        ["a.jpg", "b.jpg", "cat_1.jpg", "cat_2.jpg", "dog_1.jpg", "c.jpg", "d.jpg", "e.jpg"],
        ["one/cat.0.jpg", "two/cat.1.jpg", "two/dog.0.jpg", "one/dog.1.jpg"],
        ["1.jpg", "2.jpg"],
        [],
    ],
)
def test_other_names_have_no_labels(names: list[str]) -> None:
    assert labels_in_names(files(names)) is None


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["cat.0", "cat.1", "dog.0", "dog.1", "readme"], r"1 of 5 have none, as 'readme\.jpg'"),
        (["cat.0", "cat.1", "dog.0", "dog.1", "bird.0"], r"1 of 3 labels \('bird'\) are of one photograph only"),
        (["IMG_1", "IMG_2", "DSC_1", "DSC_2"], "'IMG', 'DSC' is no class"),
        (["IMG_20190101_1", "IMG_20190101_2", "IMG_20190102_1", "IMG_20190102_2"], "differ only in digits"),
        (["Cat.0", "Cat.1", "cat.0", "cat.1"], "'Cat', 'cat' differ only in the case of their letters"),
        (["cat_train_1", "cat_train_2", "cat_test_1", "cat_test_2"], "'cat_test', 'cat_train' differ only in a split"),
        (["WhatsApp Image 1", "WhatsApp Image 2", "cat 1", "cat 2"], "'WhatsApp Image' is no class"),
        (["train_1", "train_2", "cat_1", "cat_2"], "'train' is no class"),
    ],
)
def test_doubtful_labels_are_an_error_of_one_line(names: list[str], fault: str) -> None:
    with pytest.raises(
        UserError, match=rf"pets: the labels seem to be in the names .* but .*{fault}.*: rename"
    ) as caught:
        labels_in_names(files(f"{name}.jpg" for name in names))
    assert "\n" not in str(caught.value)
