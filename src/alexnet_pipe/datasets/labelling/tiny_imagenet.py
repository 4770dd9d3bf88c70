"""Tiny ImageNet: training images in class folders, the labels of the validation images in `val_annotations.txt`."""

from collections.abc import Iterator

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.folder import path_parts
from alexnet_pipe.datasets.labelling.labelled import Files, Labelled, labelled

_ANNOTATIONS = ("val", "val_annotations.txt")
_WORDS = "words.txt"
_LARGEST_LIST = 100_000_000
"""Bytes of the longest list that is read; the published ones have 3 MB at most."""


def tiny_imagenet_labels(files: Files) -> Labelled | None:
    """A `Labelling`; a label is the WordNet number and, if there is a `words.txt`, the words of the class.

    The published validation images are the validation split; test images have no labels and are left out.
    """
    if not any(name.endswith(_ANNOTATIONS[-1]) for name in files.sizes):
        return None
    names = {path_parts(name): name for name in files.visible}
    found = [path for path in names if path[-2:] == _ANNOTATIONS]
    if len(found) != 1:
        return None
    (annotations,) = found
    root = annotations[:-2]
    truth = dict(_pairs(files, names[annotations]))
    words = dict(_pairs(files, names[(*root, _WORDS)])) if (*root, _WORDS) in names else {}
    rows, tests = [], 0
    for member in files.photographs:
        match path_parts(member)[len(root) :]:
            case ("train", number, *_, _):
                rows.append((member, _label(number, words), "train"))
            case ("val", *_, image) if image in truth:
                rows.append((member, _label(truth[image], words), "validation"))
            case ("test", *_):
                tests += 1
            case _:
                raise UserError(
                    f"{files.where}: {names[annotations]!r} has no label for {member!r}: fetch the data set again"
                )
    remarks = [f"photographs of the test split without a label, left out: {tests:,}"] if tests else []
    return Labelled(labelled(rows), printable(f"class folders and {names[annotations]}"), remarks)


def _label(number: str, words: dict[str, str]) -> str:
    return f"{number} {words[number]}" if number in words else number


def _pairs(files: Files, name: str) -> Iterator[tuple[str, str]]:
    """The first two columns of a list, separated by tabs."""
    if files.sizes[name] > _LARGEST_LIST:
        raise UserError(f"{files.where}: {name!r} has more than {_LARGEST_LIST:,} bytes: fetch the data set again")
    for line in files.content(name).decode("utf-8", "replace").splitlines():
        match line.split("\t"):
            case (first, second, *_):
                yield first.strip(), second.strip()
            case _ if line.strip():
                raise UserError(
                    f"{files.where}: {name!r} has the line {line[:80]!r} without a tab: fetch the data set again"
                )
