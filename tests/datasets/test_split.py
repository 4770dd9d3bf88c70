"""Images are held out by their content: stable, in every class, and blind to names and order."""

import hashlib

import pandas as pd
import pytest

from alexnet_pipe.datasets.manifest import complete_splits, hold_out


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


def test_each_class_gives_about_its_share() -> None:
    found = counts(hold_out(rows(cats=1000, dogs=400), "validation", 0.1))
    # Four standard deviations.
    assert abs(found["cats", "validation"] - 100) < 4 * 9.5
    assert abs(found["dogs", "validation"] - 40) < 4 * 6


@pytest.mark.parametrize(("images", "share", "least", "most"), [(1, 0.9, 0, 0), (2, 0.01, 1, 1), (2, 0.99, 1, 1)])
@pytest.mark.parametrize("label", ["cats", "dogs", "hens"])
def test_small_classes_give_one_at_least_and_never_all(
    label: str, images: int, share: float, least: int, most: int
) -> None:
    assert least <= len(held_out(hold_out(rows(**{label: images}), "test", share))) <= most


def test_both_splits_are_held_out_where_both_are_missing() -> None:
    found = counts(complete_splits(rows(cats=1000), validation_share=0.1, test_share=0.2))
    assert abs(found["cats", "test"] - 200) < 4 * 12.6
    assert abs(found["cats", "validation"] - 80) < 4 * 8.5


@pytest.mark.parametrize(("given", "missing"), [("test", "validation"), ("validation", "test")])
def test_a_split_of_the_source_is_left_alone(given: str, missing: str) -> None:
    source = pd.concat([rows(cats=10), table([("cats", "another")], given)], ignore_index=True)
    found = counts(complete_splits(source, 0.1, 0.1))
    assert found["cats", given] == 1
    assert found["cats", missing] >= 1


def test_names_order_and_row_numbers_do_not_matter() -> None:
    images = rows(cats=30, dogs=30)
    shuffled = images.sample(frac=1, random_state=1)
    assert held_out(hold_out(images, "test", 0.3)) == held_out(hold_out(shuffled, "test", 0.3))


def test_every_image_keeps_its_split_when_others_come_or_go() -> None:
    def splits(images: pd.DataFrame) -> "pd.Series[str]":
        return complete_splits(images, 0.1, 0.2).set_index("sha256")["split"]

    before, after = splits(rows(cats=60, dogs=60)), splits(rows(cats=600, dogs=61, hens=9))
    assert after[before.index].equals(before)
    fewer = splits(rows(cats=600, dogs=61).drop(index=range(0, 600, 7)))
    assert after[fewer.index].equals(fewer)


def test_a_larger_share_takes_no_held_out_image_back() -> None:
    some, more = (held_out(hold_out(rows(cats=200), "test", share)) for share in (0.1, 0.3))
    assert some < more


def test_one_split_says_nothing_about_the_other() -> None:
    test, validation = (held_out(hold_out(rows(cats=1000), split, 0.3)) for split in ("test", "validation"))
    assert abs(len(test & validation) - 90) < 4 * 9


def test_copies_of_one_image_stay_together_also_in_two_classes() -> None:
    copied = table([(label, f"cat{number % 70}") for number in range(700) for label in ("cats", "pets")])
    for share in (0.01, 0.2, 0.5, 0.99):
        splits = hold_out(copied, "test", share).groupby("sha256")["split"].nunique()
        assert splits.max() == 1


def test_a_class_of_copies_only_stays_whole() -> None:
    assert not held_out(hold_out(table([("cats", "cat")] * 5), "test", 0.5))


def test_the_rows_given_are_not_changed() -> None:
    images = rows(cats=4)
    hold_out(images, "test", 0.5)
    assert set(images["split"]) == {"train"}
