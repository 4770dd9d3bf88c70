"""Classes are ordered by name, or by number where all of them are numbers."""

from alexnet_pipe.datasets.labels import class_names


def test_names_are_sorted_and_distinct() -> None:
    assert class_names(["dogs", "cats", "dogs"]) == ["cats", "dogs"]


def test_integers_are_sorted_as_numbers() -> None:
    assert class_names(["10", "9", "-1", "0"]) == ["-1", "0", "9", "10"]


def test_one_word_among_integers_makes_them_all_names() -> None:
    assert class_names(["10", "9", "cat"]) == ["10", "9", "cat"]


def test_the_order_of_the_labels_does_not_matter() -> None:
    assert class_names(["1", "01", "2"]) == class_names(["2", "01", "1"])
