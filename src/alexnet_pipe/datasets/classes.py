"""The order of the classes, decided here and nowhere else."""

import re
from collections.abc import Iterable

_INTEGER = re.compile(r"[+-]?[0-9]+")


def class_names(labels: Iterable[str]) -> list[str]:
    """The distinct labels, sorted by name; as numbers if every one of them is an integer."""
    names = sorted(set(labels))
    if all(_INTEGER.fullmatch(name) for name in names):
        return sorted(names, key=int)
    return names
