"""What a photograph can be labelled with: its split, and a class, whose order is decided here and nowhere else."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

SPLITS = ("train", "validation", "test")

_WORDNET = re.compile(r"(n\d{8})(?![^\W_])")
_INTEGER = re.compile(r"[+-]?[0-9]+")


def spelled_alike(labels: Iterable[str]) -> tuple[str, str] | None:
    """Two labels that differ only in case or in what separates their words; of single letters, each may be a class."""
    first: dict[str, str] = {}
    for label in labels:
        key = " ".join(label.replace("_", " ").casefold().split()) or label
        if len(label) > 1 and (other := first.setdefault(key, label)) != label:
            return other, label
    return None


def class_names(labels: Iterable[str]) -> list[str]:
    """The distinct labels, sorted by name; as numbers if every one of them is an integer."""
    names = sorted(set(labels))
    if all(_INTEGER.fullmatch(name) for name in names):
        return sorted(names, key=int)
    return names


def labels_of(names: Iterable[str], classes: Sequence[str]) -> Mapping[str, int]:
    """The label, in `classes`, of each of `names` that is the name of a class, or has the WordNet number of one.

    So folders called `n01440764`, or `n02085620-Chihuahua`, meet classes called `n01440764 tench, Tinca tinca`.
    """
    labels = {name: label for label, name in enumerate(classes)}
    numbers = Counter(map(_number, classes))
    of_number = {_number(name): label for name, label in labels.items() if numbers[_number(name)] == 1}
    found = {name: labels.get(name, of_number.get(_number(name))) for name in names}
    return {name: label for name, label in found.items() if label is not None}


def _number(name: str) -> str:
    """The WordNet number with which a name begins, or the name."""
    match = _WORDNET.match(name)
    return match[1] if match else name
