"""Find out label and split of each file of an archive from the folders that it lies in."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_hidden, path_parts
from alexnet_pipe.datasets.folders.class_folders import ClassFolders
from alexnet_pipe.datasets.folders.folder_names import LABEL_THEM, may_be_photograph, quoted
from alexnet_pipe.datasets.folders.folder_tree import Alike, FolderPath, TreeFolder, folder_tree, parted, spelled
from alexnet_pipe.datasets.labels import spelled_alike

_Decided = tuple[str, str] | tuple[()] | None


class Index(NamedTuple):
    """The labelled files of an archive.

    Attributes:
        rows: One row a file: member, label, split ("train" where the archive has no split folders).
        outside: The files that lie outside any class folder, and in none that was left out.
        remarks: What was left out, a line each.
    """

    rows: pd.DataFrame
    outside: Sequence[str]
    remarks: Sequence[str] = ()


def index_members(
    files: Sequence[str],
    folders: Iterable[str],
    where: str,
    alike: Alike = lambda one, other: False,
    meant: bool = False,
) -> Index:
    """Label the files of an archive by their class folders, and by split folders above them if there are any.

    A class folder holds photographs, and whatever lies below it belongs to the class. Folders above are wrappers,
    splits or groups, by what lies in them and beside them; docs/datasets.md describes it. Hidden and system files are
    ignored.

    Args:
        files: Member names.
        folders: Names of folder entries, which tell that a folder is empty.
        where: What messages call the archive.
        alike: Whether two members have the same content.
        meant: Whether the user has said that folders are the classes, whatever they are called.

    Raises:
        UserError: if it cannot be decided which folders are classes and which are splits, one of them is empty, there
            are no photographs or fewer than two classes, or a class has no training images.
    """
    tree = folder_tree(files, folders)
    found = ClassFolders(where, alike, meant)
    if tree.files:
        found.search(tree)
    index = _labelled(files, tree, found)
    _refuse_no_images(index.rows, tree.files, where)
    _refuse_unusable_classes(index.rows, where)
    return index


def listed_members(files: Sequence[str], where: str) -> pd.DataFrame:
    """As `index_members`, of files that are named `split/label/…`, whatever the labels are.

    Raises:
        UserError: if there are no files or fewer than two classes, or a class has no training images.
    """
    rows = [(member, spelled(label), split) for member in files for split, label, *_ in [path_parts(member)]]
    table = pd.DataFrame(rows, columns=["member", "label", "split"], dtype="str")
    _refuse_no_images(table, 0, where)
    _refuse_unusable_classes(table, where)
    return table


def _labelled(files: Iterable[str], tree: TreeFolder, found: ClassFolders) -> Index:
    rows, outside, documents = [], [], 0
    decided: dict[str, _Decided] = {}
    for member in files:
        folder, name = parted(member)
        if folder not in decided:
            decided[folder] = _decided(tree, path_parts(folder), found)
        if is_hidden(name):
            continue
        if (label := decided[folder]) and may_be_photograph(name):
            rows.append((member, *label))
        documents += bool(label) and not may_be_photograph(name)
        outside += [member] if label is None else []
    table = pd.DataFrame(rows, columns=["member", "label", "split"], dtype="str")
    left_out = [f"documents in class folders, left out: {documents:,}"] if documents else []
    return Index(table, outside, [*found.remarks, *_told(found), *left_out])


def _decided(folder: TreeFolder, path: FolderPath, found: ClassFolders) -> _Decided:
    """Label and split of the files in the folder `path` below `folder`: nothing if it is left out, None if outside."""
    if any(map(is_hidden, path)):
        return ()
    for name in path:
        folder = folder.below[name]
        if folder in found.labels or folder in found.left_out:
            return found.labels.get(folder, ())
    return None


def _told(found: ClassFolders) -> Iterable[str]:
    if found.remarks:
        levels = sorted("/".join(level.path) for level in found.levels)
        yield f"the classes are the folders in {quoted(levels) if any(levels) else found.where}"


def _refuse_no_images(rows: pd.DataFrame, files: int, where: str) -> None:
    if rows.empty:
        found = f"none of its {files:,} files lies in a class folder" if files else "it has no files"
        raise UserError(f"{where} has no images: {found}; {LABEL_THEM}")


def _refuse_unusable_classes(rows: pd.DataFrame, where: str) -> None:
    labels = sorted(rows["label"].unique())
    trained = set(rows.loc[rows["split"] == "train", "label"])
    _refuse_two_spellings(labels, where)
    if untrained := [label for label in labels if label not in trained]:
        raise UserError(
            f"{where}: {len(untrained)} of {len(labels)} classes ({quoted(untrained)}) have test or validation images "
            "but no training images: add training images or remove the class"
        )
    if len(labels) > max(10, len(rows) / 2):
        counts = f"{len(labels):,} folders for {len(rows):,} photographs"
        raise UserError(f"{where}: {counts} are no classes ({quoted(labels)}): {LABEL_THEM}")
    if len(labels) < 2:
        raise UserError(
            f"{where} has one class only ({quoted(labels)}): add a folder with those of a second one; if it is no "
            f"class, {LABEL_THEM}"
        )


def _refuse_two_spellings(labels: Iterable[str], where: str) -> None:
    if same := spelled_alike(labels):
        raise UserError(
            f"{where}: the classes {same[0]!r} and {same[1]!r} are two spellings of one: make them one, or rename"
        )
