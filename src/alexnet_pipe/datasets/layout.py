"""Find out label and split of each file of an archive from the folders that it lies in."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_hidden, path_parts
from alexnet_pipe.datasets.labels import split_of

_Path = tuple[str, ...]


class Index(NamedTuple):
    """The labelled files of an archive.

    Attributes:
        rows: One row a file: member, label, split ("train" where the archive has no split folders).
        outside: How many files lie outside any class folder.
    """

    rows: pd.DataFrame
    outside: int


def index_members(files: Sequence[str], folders: Iterable[str], where: str) -> Index:
    """Label the files of an archive by their class folders, and by split folders above them if there are any.

    Hidden and system files are ignored, folders that wrap the whole data set are looked through, a split folder may
    be repeated (`training_set/training_set/cats`), and whatever lies below a class folder belongs to the class.

    Args:
        files: Member names.
        folders: Names of folder entries, which tell that a folder is empty.
        where: What messages call the archive.

    Raises:
        UserError: if split and class folders are mixed, a split or class folder is empty, there are no files or
            fewer than two classes, or a class has no training images.
    """
    known = _folders(files, folders)
    levels = _class_levels(known, where)
    rows, outside = [], 0
    filled: set[_Path] = set()
    for member in files:
        path = path_parts(member)
        if any(map(is_hidden, path)):
            continue
        filled.update(path[:depth] for depth in range(len(path)))
        level = next((path[:depth] for depth in range(len(path) - 1) if path[:depth] in levels), None)
        if level is None:
            outside += 1
            continue
        label = path[len(level)]
        # The same name may be spelled in two ways, composed on Linux and decomposed on macOS.
        rows.append((member, unicodedata.normalize("NFC", label), levels[level]))
    table = pd.DataFrame(rows, columns=["member", "label", "split"], dtype="str")
    _refuse_no_images(table, outside, where)
    _refuse_empty_folders(known, levels, filled, where)
    _refuse_unusable_classes(table, where)
    return Index(table, outside)


def _folders(files: Iterable[str], folders: Iterable[str]) -> set[_Path]:
    direct = {path_parts(name)[:-1] for name in files} | {path_parts(name) for name in folders}
    visible = {path for path in direct if not any(map(is_hidden, path))}
    return {path[:depth] for path in visible for depth in range(1, len(path) + 1)}


def _class_levels(known: set[_Path], where: str) -> dict[_Path, str]:
    """The folders whose subfolders are classes, and the split of each."""
    root: _Path = ()
    names = _below(known, root)
    while len(names) == 1 and not split_of(names[0]) and _below(known, (*root, names[0])):
        root = (*root, names[0])
        names = _below(known, root)
    splits = {name: split for name in names if (split := split_of(name))}
    if not splits:
        return {root: "train"}
    if classes := [name for name in names if name not in splits]:
        raise UserError(
            f"{where} has split folders ({_some(splits)}) beside class folders ({_some(classes)}): move the classes "
            f"below a split folder; if {_some(splits)} is a class too, move all classes into a folder `training`"
        )
    return {_repeated(known, (*root, name)): split for name, split in splits.items()}


def _repeated(known: set[_Path], folder: _Path) -> _Path:
    names = _below(known, folder)
    again = len(names) == 1 and split_of(names[0]) == split_of(folder[-1])
    return (*folder, names[0]) if again else folder


def _below(known: set[_Path], folder: _Path) -> list[str]:
    depth = len(folder)
    return sorted({path[depth] for path in known if len(path) > depth and path[:depth] == folder})


def _refuse_no_images(rows: pd.DataFrame, outside: int, where: str) -> None:
    if rows.empty:
        found = f"none of its {outside:,} files lies in a class folder" if outside else "it has no files"
        raise UserError(f"{where} has no images: {found}; put the photographs of each class into a folder of their own")


def _refuse_empty_folders(known: set[_Path], levels: dict[_Path, str], filled: set[_Path], where: str) -> None:
    for level in sorted(levels):
        if level not in filled:
            raise UserError(f"split folder {'/'.join(level)!r} in {where} is empty: add class folders or remove it")
        for name in _below(known, level):
            if (*level, name) not in filled:
                place = "/".join((where.rstrip("/"), *level))
                raise UserError(f"class {name!r} in {place} is empty: add photographs or remove the folder")


def _refuse_unusable_classes(rows: pd.DataFrame, where: str) -> None:
    labels = sorted(rows["label"].unique())
    trained = set(rows.loc[rows["split"] == "train", "label"])
    if untrained := [label for label in labels if label not in trained]:
        raise UserError(
            f"{where}: {len(untrained)} of {len(labels)} classes ({_some(untrained)}) have test or validation images "
            "but no training images: add training images or remove the class"
        )
    if len(labels) < 2:
        raise UserError(f"{where} has one class only ({_some(labels)}): add a folder of photographs of a second class")


def _some(names: Iterable[str]) -> str:
    names = [repr(name) for name in names]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
