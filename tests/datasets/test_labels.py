"""Classes are ordered by name, or by number where all of them are numbers; names meet by WordNet number."""

from itertools import permutations

import pytest

from alexnet_pipe.datasets.labels import class_names, labels_of, may_be_one, spelled_alike

ALIKE = [
    "Cat|cat",
    "cat|cat ",
    "polar bear|polar_bear",
    "cat|cat\u200b",
    "\uff43at|cat",
    "1|01",
    "1|1.0",
    "a b|a\u00a0b",
]
MAY_BE_ONE = ["cat|cats", "box|boxes", "cafe|caf\u00e9", "polar bear|polar-bear", "Cat|cats"]
DIFFERENT = ["cat|dog", "a|A", "S|SS", "C|C++", "10|100", "-1|1", "bear|polar bear", "as|a", "n01440764|n01440765"]


def test_names_are_sorted_and_distinct() -> None:
    assert class_names(["dogs", "cats", "dogs"]) == ["cats", "dogs"]


def test_integers_are_sorted_as_numbers() -> None:
    assert class_names(["10", "9", "-1", "0"]) == ["-1", "0", "9", "10"]


def test_one_word_among_integers_makes_them_all_names() -> None:
    assert class_names(["10", "9", "cat"]) == ["10", "9", "cat"]


def test_the_order_of_the_labels_does_not_matter() -> None:
    assert class_names(["1", "01", "2"]) == class_names(["2", "01", "1"])


def test_names_with_the_wordnet_number_of_a_class_are_that_class() -> None:
    words = ["n01440764 tench, Tinca tinca", "n02085620 Chihuahua", "cat"]
    names = ["n02085620-Chihuahua", "n01440764", "n014407645", "n01443537", "n02085620_x", "cat", "cats"]
    assert labels_of(names, words) == {"n02085620-Chihuahua": 1, "n01440764": 0, "n02085620_x": 1, "cat": 2}
    assert labels_of(words, ["n01440764", "n02085620"]) == {words[0]: 0, words[1]: 1}


def test_a_wordnet_number_of_two_classes_is_that_of_neither() -> None:
    assert labels_of(["n02085620", "n02085620 a"], ["n02085620 a", "n02085620 b"]) == {"n02085620 a": 0}


def test_labels_that_all_differ_in_a_number_only_may_be_one() -> None:
    assert len(list(may_be_one(["cats_1", "cats_2", "dogs_1", "dogs_2", "dogs_3"]))) == 2
    assert list(may_be_one(["c1", "c2", "c3"])) == []
    assert list(may_be_one(["apple 1", "apple 2", "pear"])) == []


@pytest.mark.parametrize("pair", ALIKE + MAY_BE_ONE + DIFFERENT)
def test_spellings_are_told_from_classes(pair: str) -> None:
    for one, other in permutations(pair.split("|")):
        assert bool(spelled_alike([one, other])) == (pair in ALIKE)
        if pair not in ALIKE:
            assert bool(list(may_be_one([one, other]))) == (pair in MAY_BE_ONE)
