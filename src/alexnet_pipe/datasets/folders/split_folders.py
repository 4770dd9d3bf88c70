"""Which folders beside each other are splits: those that hold class folders, and whose names say which split."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folders.folder_names import (
    are_parts,
    names_a_split_only,
    quoted,
    split_in,
    split_of,
    stem_of,
)
from alexnet_pipe.datasets.folders.folder_tree import TreeFolder, has_subfolder, shared

Folders = Sequence[TreeFolder]


class Division(NamedTuple):
    """
    Attributes:
        splits: The split of each folder that is one; none if only `unlabelled` is to be left out.
        unlabelled: Folders beside them with photographs, but without class folders.
    """

    splits: dict[TreeFolder, str]
    unlabelled: Folders


def division(below: Folders, inside: bool, where: str) -> Division | None:
    """How folders beside each other divide a data set; None if they do not.

    A name alone does not tell: `train_station` may be a class, and is a split only if it holds class folders.

    Args:
        below: The folders, each with photographs.
        inside: Whether they lie in a split.
        where: What messages call the folder in which they lie.

    Raises:
        UserError: if splits lie beside what is none, hold no class folders, or one comes in several versions.
    """
    named = [folder for folder in below if split_in(folder.name)]
    flat = [folder for folder in below if not _has_classes(folder)]
    splits = {folder: str(split_in(folder.name)) for folder in named if folder not in flat}
    others = [folder for folder in below if folder not in named and folder not in flat]
    if not named or (inside and (others or not splits or len(_kinds(named)) < 2)):
        return None
    if not splits:
        return _flat_splits(named, others, flat, where)
    if training := _unnamed_training(splits, others):
        splits, others = {**splits, training: "train"}, []
    if others:
        _refuse_beside_splits(splits, others, where)
        return None
    if len(_kinds(named)) == 1 and training is None and not any(names_a_split_only(folder.name) for folder in splits):
        return None
    _refuse_versions_of_one_split(splits, where)
    if classes := [folder for folder in flat if any(has_subfolder(split, folder.name) for split in splits)]:
        _refuse_mixture(list(splits), classes, where)
    return Division(splits, flat)


def _has_classes(folder: TreeFolder) -> bool:
    """Whether folders with photographs lie in it; beside many of its own they are a class's, unless it is a split."""
    return bool(folder.innermost.filled if split_in(folder.name) else folder.innermost.branches)


def _kinds(named: Iterable[TreeFolder]) -> set[str | None]:
    return {split_in(folder.name) for folder in named}


def _flat_splits(named: Folders, others: Folders, flat: Folders, where: str) -> Division | None:
    """Folders with a split's name, and photographs without class folders."""
    plain = [folder for folder in named if names_a_split_only(folder.name)]
    if others:
        return Division({}, plain) if plain else None
    of_one_stem = any(stem_of(one.name) == stem_of(other.name) for one, other in combinations(named, 2))
    all_named = len(named) == len(flat) and (len(_kinds(named)) > 1 or len(plain) == len(named))
    if all_named or (of_one_stem and len(_kinds(named)) > 1 and not plain):
        raise UserError(
            f"{where}: no class folders are in {quoted(folder.name for folder in named)}, whose names are those of "
            "splits: put the photographs of each class into a folder of their own in there"
        )
    if plain:
        _refuse_mixture(plain, [folder for folder in flat if folder not in plain], where)
    return None


def _unnamed_training(splits: dict[TreeFolder, str], others: Folders) -> TreeFolder | None:
    """The folder `rps` beside `rps-test-set`, with the same classes."""
    if len(others) != 1 or "train" in splits.values():
        return None
    (other,) = others
    stems = [stem_of(folder.name) for folder in splits]
    return other if stem_of(other.name) in stems and shared(other, splits) else None


def _refuse_beside_splits(splits: Iterable[TreeFolder], others: Folders, where: str) -> None:
    for other in others:
        if shared(other, splits):
            raise UserError(
                f"{where}: {other.name!r} has the same folders as {quoted(split.name for split in splits)} beside it, "
                "and its name is that of no split: rename it to train, validation or test, or move it away"
            )
    if exact := [folder for folder in splits if split_of(folder.name)]:
        _refuse_mixture(exact, others, where)


def _refuse_mixture(splits: Folders, classes: Folders, where: str) -> None:
    names = quoted(folder.name for folder in splits)
    raise UserError(
        f"{where} has split folders ({names}) beside class folders ({quoted(folder.name for folder in classes)}): move "
        f"the classes below a split folder; if {names} is a class too, move all classes into a folder `training`"
    )


def _refuse_versions_of_one_split(splits: dict[TreeFolder, str], where: str) -> None:
    for split in set(splits.values()):
        folders = [folder for folder in splits if splits[folder] == split]
        names = [folder.name for folder in folders]
        if all(map(names_a_split_only, names)) or are_parts(names):
            continue
        if any(shared(folder, [other]) for folder, other in combinations(folders, 2)):
            raise UserError(
                f"{where}: {quoted(names)} have the same folders, and all look like the {split} split: keep one of them"
            )
