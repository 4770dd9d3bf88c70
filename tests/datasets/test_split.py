"""Splits are carved by content: exact, stratified, stable, and blind to names and order."""

import hashlib

import pandas as pd
import pytest

from alexnet_pipe.datasets.split import carve, complete_splits


def rows(**images: int) -> pd.DataFrame:
    """So many different training images a class."""
    return table([(label, f"{label}{number}") for label, count in images.items() for number in range(count)])


def table(images: list[tuple[str, str]], split: str = "train") -> pd.DataFrame:
    hashed = [(label, split, hashlib.sha256(content.encode()).hexdigest()) for label, content in images]
    return pd.DataFrame(hashed, columns=["label", "split", "sha256"])


def counts(frame: pd.DataFrame) -> dict[tuple[str, str], int]:
    return frame.groupby(["label", "split"]).size().to_dict()


def held_out(frame: pd.DataFrame) -> set[str]:
    return set(frame.loc[frame["split"] != "train", "sha256"])


def test_each_class_gives_its_share() -> None:
    assert counts(carve(rows(cats=100, dogs=40), "validation", 0.1)) == {
        ("cats", "train"): 90,
        ("cats", "validation"): 10,
        ("dogs", "train"): 36,
        ("dogs", "validation"): 4,
    }


@pytest.mark.parametrize(
    ("images", "share", "taken"), [(1, 0.9, 0), (2, 0.01, 1), (2, 0.99, 1), (3, 0.99, 2), (10, 0.26, 3)]
)
def test_small_classes_give_one_at_least_and_never_all(images: int, share: float, taken: int) -> None:
    assert len(held_out(carve(rows(cats=images), "test", share))) == taken


def test_both_splits_are_carved_where_both_are_missing() -> None:
    assert counts(complete_splits(rows(cats=100), validation_share=0.1, test_share=0.2)) == {
        ("cats", "test"): 20,
        ("cats", "train"): 72,
        ("cats", "validation"): 8,
    }


@pytest.mark.parametrize(("given", "carved"), [("test", "validation"), ("validation", "test")])
def test_a_split_of_the_source_is_left_alone(given: str, carved: str) -> None:
    source = pd.concat([rows(cats=10), table([("cats", "another")], given)], ignore_index=True)
    assert counts(complete_splits(source, 0.1, 0.1)) == {("cats", "train"): 9, ("cats", given): 1, ("cats", carved): 1}


def test_order_and_row_numbers_do_not_matter() -> None:
    images = rows(cats=30, dogs=30)
    shuffled = images.sample(frac=1, random_state=1)
    assert held_out(carve(images, "test", 0.3)) == held_out(carve(shuffled, "test", 0.3))


def test_new_images_move_only_those_at_the_edge() -> None:
    before, after = (held_out(carve(rows(cats=count), "test", 0.2)) for count in (100, 101))
    assert len(before ^ after) <= 2


def test_another_class_changes_nothing() -> None:
    alone, beside = carve(rows(cats=20), "test", 0.2), carve(rows(cats=20, dogs=7), "test", 0.2)
    assert held_out(alone) == held_out(beside[beside["label"] == "cats"])


def test_copies_of_one_image_stay_together() -> None:
    copied = table([("cats", f"cat{number % 7}") for number in range(70)])
    for share in (0.01, 0.2, 0.5, 0.99):
        splits = carve(copied, "test", share).groupby("sha256")["split"].nunique()
        assert splits.max() == 1


def test_a_class_of_copies_only_stays_whole() -> None:
    assert not held_out(carve(table([("cats", "cat")] * 5), "test", 0.5))


def test_the_rows_given_are_not_changed() -> None:
    images = rows(cats=4)
    carve(images, "test", 0.5)
    assert set(images["split"]) == {"train"}
