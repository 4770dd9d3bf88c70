"""Classes are ordered by name, or by number where all of them are numbers; names meet by WordNet number."""

from alexnet_pipe.datasets.labels import class_names, labels_of


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
