"""A labelled set of photographs outside the pipeline: a folder of photographs a class."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.model.classifier import Classifier


class Labelled(NamedTuple):
    """
    Attributes:
        photographs: Where each lies, and its label.
        outside: How many files lie outside any class folder.
    """

    photographs: list[tuple[Path, int]]
    outside: int


def labelled_photographs(folder: Path, classes: Sequence[str]) -> Labelled:
    """The visible files below `folder`, each labelled by the folder directly in there that it lies below.

    Raises:
        UserError: if there are none, if a folder has the name of no class, and as `datasets.folder.walk`.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: --images takes one with a folder of photographs a class")
    files, empty = walk(folder)
    found = [(_label(name), path) for name, path in sorted(files.items()) if "/" in name]
    labels = {name: label for label, name in enumerate(classes)}
    if strangers := {*map(_label, empty), *(name for name, _ in found)} - labels.keys():
        raise UserError(f"{folder}: the model has no class {some(strangers)}; its classes are {some(classes)}")
    if not found:
        raise UserError(
            f"{folder} has no photographs in class folders: put those of each class into a folder of its own"
        )
    return Labelled([(path, labels[name]) for name, path in found], len(files) - len(found))


def common_classes(models: Mapping[str, Classifier]) -> tuple[str, ...]:
    """The class names of the first model; the others have the same, in any order.

    Raises:
        UserError: if they do not.
    """
    (first, model), *others = models.items()
    for name, other in others:
        here, there = set(model.classes), set(other.classes)
        differences = {"without": here - there, "with": there - here}
        if said := [f"{word} {some(names)}" for word, names in differences.items() if names]:
            raise UserError(f"{name} has other classes than {first}, {' and '.join(said)}: evaluate it by itself")
    return model.classes


def some(names: Iterable[str]) -> str:
    """The first three names, in order."""
    first, *others = sorted(map(repr, names))[:4]
    return ", ".join([first, *others[:2], *["…"] * (len(others) > 2)])


def _label(name: str) -> str:
    # As in the pipeline: one name may be spelled in two ways, composed on Linux and decomposed on macOS.
    return unicodedata.normalize("NFC", name.split("/")[0])
