"""Folders whose meaning cannot be told: errors that say what was found, and which folder to point to."""

import re
from collections.abc import Sequence

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folders.folder_names import (
    LABEL_THEM,
    POINT_THERE,
    are_counted,
    are_magnifications,
    are_parts,
    are_versions,
    copy_of,
    holds_annotations_by_name,
    is_identifier,
    is_no_class,
    quoted,
    says_marks_only,
    split_in,
    stem_of,
    stem_of_file,
    words,
)
from alexnet_pipe.datasets.folders.folder_tree import TreeFolder, shared

Folders = Sequence[TreeFolder]

_POINT = f"point dataset.location to one of them {POINT_THERE}"


def refuse_undecided(below: Folders, deeper: Folders, where: str, meant: bool = False) -> None:
    """Refuse folders beside each other that need not be the classes.

    Folders of one class may be counted (`cats/video_1`, `cats/video_2`) or dated; others could be classes themselves.

    Args:
        below: The folders, each with photographs.
        deeper: Those of them that hold, or wrap, several folders with photographs and hardly any of their own.
        where: What messages call the folder in which they lie.
        meant: Whether the user has said that the folders are the classes: then names alone are no reason.

    Raises:
        UserError: if they are parts, versions, or groups of classes, or lie beside classes.
    """
    if not deeper and not meant:
        _refuse_parts(below, where)
        _refuse_no_classes(below, where)
    _refuse_versions([folder for folder in deeper if not are_magnifications(_inside(folder))], where)
    inside = {folder: _inside(folder) for folder in deeper}
    groups = [folder for folder in deeper if not _are_of_one_class(folder, inside[folder])]
    if not groups:
        if not meant:
            _refuse_parts(below, where)
        return
    inner = quoted(inside[groups[0]])
    if len(deeper) < len(below):
        others = quoted(_names([folder for folder in below if folder not in deeper]))
        raise UserError(
            f"{where}: {groups[0].name!r} holds several folders of photographs ({inner}), and beside it {others} not: "
            f"point dataset.location to the folder whose folders are the classes {POINT_THERE}"
        )
    raise UserError(
        f"{where}: whether {quoted(_names(below))} are the classes, or the folders in them ({inner}), cannot be told: "
        f"{_POINT}, or move all photographs of a class directly into its folder"
    )


def _are_of_one_class(folder: TreeFolder, inside: Sequence[str]) -> bool:
    """Whether the folders in `folder` are its parts, or counted under its name; `level_1`, `level_2` may be classes."""
    own = {*words(folder.name), *words(folder.unwrapped.name)}
    return (
        are_parts(inside)
        or are_magnifications(inside)
        or (are_counted(inside) and not {*filter(str.isalpha, words(inside[0]))} - own)
    )


def _refuse_parts(below: Folders, where: str) -> None:
    if are_parts(_names(below)) or (len(below) > 1 and all(map(_is_shard, below))):
        raise UserError(
            f"{where}: {quoted(_names(below))} look like parts of one set, not like classes: put the photographs of "
            "each class into a folder of their own, or list them in a train.txt, `path label` a line; if these are "
            "the classes, set dataset.labels to 'folders'"
        )


def _is_shard(folder: TreeFolder) -> bool:
    """Whether its files go on counting from its number (`00001/000010007.jpg`), or are digests that begin with it."""
    name, stems = folder.name, {file.partition(".")[0] for file in folder.members}
    numbers = [stem.lstrip("abcdefghijklmnopqrstuvwxyz_-") for stem in stems]
    counted = len(name) > 3 and name.isdecimal() and all(re.fullmatch(rf"{name}\d+", number) for number in numbers)
    hashed = len(name) < 4 and all(re.fullmatch("[0-9a-f]{12,}", stem) and stem.startswith(name) for stem in stems)
    return bool(stems) and (counted or hashed)


def _refuse_no_classes(below: Folders, where: str) -> None:
    names = _names(below)
    if are_versions(names):
        raise UserError(
            f"{where}: {quoted(names)} look like versions of one set, not like classes: put the photographs of each "
            "class into a folder of their own, or point dataset.location to one with a table of labels in it"
        )
    if copies := [name for name in names if copy_of(name) in names]:
        raise UserError(
            f"{where}: by its name, {copies[0]!r} is a copy or a part of {copy_of(copies[0])!r}: move it away or into "
            "that one, or set dataset.labels to 'folders' if it is a class"
        )
    if None not in (splits := set(map(split_in, names))) and len(splits) > 1:
        raise UserError(
            f"{where}: {quoted(names)} have the names of splits, not of classes: put the photographs of each class "
            "into a folder of their own"
        )
    if len(names) > 1 and all(map(is_identifier, names)):
        raise UserError(f"{where}: {quoted(names)} are called as things are by programs, and no classes: {LABEL_THEM}")
    others = [name for name in names if is_no_class(name) or _is_split_among(name, names)]
    if len(below) > 2 and others and len(names) - len(others) > 1:
        raise UserError(
            f"{where}: by its name, {others[0]!r} is no class like those beside it: move it away, or rename it if it is"
        )
    if marks := _marks_of_others(below):
        mark, photographs = marks
        raise UserError(
            f"{where}: {mark.name!r} may hold masks or the like of the photographs in {photographs.name!r}, for their "
            "files are called alike: move it away, or set dataset.labels to 'folders' if these are the classes"
        )


def _is_split_among(name: str, names: Sequence[str]) -> bool:
    """Whether all that a name with a split says besides is what the others say as well: `Test cases`."""
    rest = {*stem_of(name)}
    return split_in(name) is not None and bool(rest) and all(rest < {*words(other)} for other in names)


def _marks_of_others(below: Folders) -> tuple[TreeFolder, TreeFolder] | None:
    """A folder called after masks or the like, whose files are called as those in another, and that other."""
    others = [folder for folder in below if not holds_annotations_by_name(folder.name)]
    for mark in (folder for folder in below if folder not in others):
        names = {stem_of_file(name) for name in mark.members}
        for other in (other for other in others if says_marks_only(mark.name, other.name)):
            called = {stem_of_file(name) for name in other.members}
            if len(names) > 1 and 2 * len(names & called) > len(names):
                return mark, other
    return None


def _refuse_versions(deeper: Folders, where: str) -> None:
    for folder in deeper:
        versions = [other for other in deeper if other is folder or shared(folder, [other])]
        if len(versions) > 1:
            inner = quoted(sorted(_inside(folder)))
            raise UserError(
                f"{where}: {quoted(_names(versions))} have the same folders ({inner}), so they look like versions of "
                f"one set: {_POINT}; if they are splits, rename them to train, validation and test; if they are the "
                "classes, move all photographs of a class directly into its folder; or say the labels in a labels.csv "
                "of file_name,label"
            )


def _inside(folder: TreeFolder) -> list[str]:
    return _names(folder.unwrapped.branches)


def _names(folders: Folders) -> list[str]:
    return [folder.name for folder in folders]
