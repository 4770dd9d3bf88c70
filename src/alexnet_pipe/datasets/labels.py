"""What a photograph can be labelled with: its split, and a class, whose order is decided here and nowhere else."""

import re
from collections.abc import Iterable

SPLITS = ("train", "validation", "test")

_INTEGER = re.compile(r"[+-]?[0-9]+")


def class_names(labels: Iterable[str]) -> list[str]:
    """The distinct labels, sorted by name; as numbers if every one of them is an integer."""
    names = sorted(set(labels))
    if all(_INTEGER.fullmatch(name) for name in names):
        return sorted(names, key=int)
    return names
