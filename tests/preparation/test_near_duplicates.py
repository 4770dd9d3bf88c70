"""Photographs that look alike stay, leave the training set, or come into one split, as the parameter says."""

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.preparation.near_duplicates import across_splits, held_apart

LIKE = np.random.default_rng(0).integers(0, 256, (4, 32), dtype=np.uint8)
"""Hashes of four different pictures."""


def rows(*said: str) -> tuple[pd.DataFrame, np.ndarray]:
    """`split sha256 picture` a row, the picture a number; the index starts at 10, so that it is not the position."""
    table = pd.DataFrame([each.split() for each in said], columns=["split", "sha256", "picture"], dtype="str")
    table = table.assign(label="cat", member=[f"{n}.jpg" for n in range(len(table))])
    return table.set_index(pd.RangeIndex(10, 10 + len(table))), LIKE[table["picture"].astype(int)]


def test_pairs_of_two_splits_are_told_with_their_distance() -> None:
    table, hashes = rows("train a 0", "train b 0", "test c 0", "validation d 1", "test e 2")
    hashes[2, 0] ^= 0b101
    assert across_splits(table, hashes)[["sha256_first", "sha256_second", "bits"]].to_numpy().tolist() == [
        ["a", "c", 2],
        ["b", "c", 2],
    ]


def test_training_images_that_look_like_one_held_out_are_dropped() -> None:
    table, hashes = rows("train a 0", "test b 0", "train c 1", "validation d 1", "train e 2", "train f 2", "test g 1")
    left, findings = held_apart(table, table, hashes, "drop")
    assert left["sha256"].tolist() == ["b", "d", "e", "f", "g"]
    assert [tuple(row) for row in findings.itertuples(name=None)] == [
        (10, "removed", "near-duplicate", "looks like 1.jpg (cat, test)"),
        (12, "removed", "near-duplicate", "looks like 3.jpg (cat, validation)"),
    ]
    assert across_splits(left, hashes[left.index - 10])["split_first"].tolist() == ["validation"]


def test_what_looks_alike_is_where_the_first_by_bytes_is() -> None:
    table, hashes = rows("train c 0", "test a 0", "validation b 0", "train e 1", "test f 1", "test g 2")
    left, findings = held_apart(table, table, hashes, "group")
    assert dict(zip(left["sha256"], left["split"], strict=True)) == {
        **dict.fromkeys("abc", "test"),
        **dict.fromkeys("ef", "train"),
        "g": "test",
    }
    assert left["split"].is_monotonic_increasing
    assert findings["detail"].tolist() == [
        "was in train, and looks like 1.jpg (cat, test)",
        "was in validation, and looks like 1.jpg (cat, test)",
        "was in test, and looks like 3.jpg (cat, train)",
    ]
    assert across_splits(left, hashes[left.index - 10]).empty


def test_those_that_look_alike_by_way_of_another_are_one_group() -> None:
    table, hashes = rows("test a 0", "train b 0", "validation c 0")
    hashes[1] ^= np.packbits(np.arange(256) < 12)
    hashes[2] ^= np.packbits(np.arange(256) < 24)
    left, _ = held_apart(table, table, hashes, "group")
    assert set(left["split"]) == {"test"}


@pytest.mark.parametrize("how", ["drop", "group"])
def test_the_order_of_the_rows_decides_nothing(how: str) -> None:
    table, hashes = rows("train c 0", "test a 0", "validation b 0", "train e 1", "test f 1", "train h 3")
    order = np.random.default_rng(1).permutation(len(table))
    one, _ = held_apart(table, table, hashes, how)
    other, _ = held_apart(table.iloc[order], table.iloc[order], hashes[order], how)
    assert one.set_index("sha256")["split"].sort_index().equals(other.set_index("sha256")["split"].sort_index())


@pytest.mark.parametrize("how", ["drop", "group"])
def test_what_is_no_photograph_stays_what_it_is(how: str) -> None:
    table, hashes = rows("train a 0", "train b 1", "test c 2")
    left, findings = held_apart(table, table.iloc[[0, 2]], hashes[[0, 2]], how)
    assert sorted(left["sha256"]) == ["a", "b", "c"]
    assert findings.empty
