"""What a photograph can be labelled with: its split, and a class, whose order is decided here and nowhere else."""

import re
from collections.abc import Iterable

SPLITS = ("train", "validation", "test")

_SPLIT = re.compile(r"(?:(train|training)|(val|valid|validation)|(test|testing))(?:[-_ ]?set)?", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]+")


def split_of(folder: str) -> str | None:
    """The split ("train", "validation" or "test") that a folder's name stands for, or None."""
    match = _SPLIT.fullmatch(folder)
    return SPLITS[match.lastindex - 1] if match and match.lastindex else None


def class_names(labels: Iterable[str]) -> list[str]:
    """The distinct labels, sorted by name; as numbers if every one of them is an integer."""
    names = sorted(set(labels))
    if all(_INTEGER.fullmatch(name) for name in names):
        return sorted(names, key=int)
    return names
