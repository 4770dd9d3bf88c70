"""What a photograph can be labelled with: its split, and a class, whose order is decided here and nowhere else."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

SPLITS = ("train", "validation", "test")

_WORDNET = re.compile(r"(n\d{8})(?![^\W_])")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_COUNTED = re.compile(r"[-_ ]*\d+$")
_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")


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


def spelled_alike(labels: Iterable[str]) -> tuple[str, str] | None:
    """Two labels that differ only in case, in what separates their words, or in how a number is written.

    Of single letters, each may be a class.
    """
    first: dict[str, str] = {}
    for label in labels:
        if (len(label) > 1 or label.isdecimal()) and (other := first.setdefault(_spelled(label), label)) != label:
            return other, label
    return None


def may_be_one(labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of labels that differ only in accents, in signs between their letters, or in the ending of a plural.

    Or in a number at their end, if all of them do so, and not all from each other.
    """
    first: dict[str, str] = {}
    for label in labels:
        letters = _letters(label)
        if len(letters) > 1 and not letters.isdecimal() and (other := first.setdefault(letters, label)) != label:
            yield other, label
    for letters, label in first.items():
        if letters.isalpha() and len(letters) > 2:
            yield from ((label, first[plural]) for plural in (f"{letters}s", f"{letters}es") if plural in first)
    counted: dict[str, list[str]] = {}
    for label in first.values():
        counted.setdefault(_COUNTED.sub("", label), []).append(label)
    if len(counted) > 1 and min(map(len, counted.values())) > 1:
        yield from ((one, other) for one, other, *_ in counted.values())


def _spelled(label: str) -> str:
    visible = (sign for sign in unicodedata.normalize("NFKC", label) if unicodedata.category(sign) != "Cf")
    key = " ".join("".join(visible).replace("_", " ").casefold().split()) or label
    return _WHOLE.sub(r"\1", key) if _WHOLE.fullmatch(key) else key


def _letters(label: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", label).casefold()))
