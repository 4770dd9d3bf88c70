"""Which way of labelling photographs fits what was found."""

import re

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import path_parts
from alexnet_pipe.datasets.folders.layout import index_members
from alexnet_pipe.datasets.labelling.label_table import MISSING, TableLabels
from alexnet_pipe.datasets.labelling.labelled import Files, Labelled, Labelling, refuse_unusable_labels, some
from alexnet_pipe.datasets.labelling.name_labels import labels_in_names
from alexnet_pipe.datasets.labelling.tiny_imagenet import tiny_imagenet_labels

FOLDERS = "folders"
"""What `dataset.labels` says if the folders are meant, whatever tables there are."""

_METADATA = re.compile(r"(^|[/(])metadata\.(csv|jsonl)\b")
"""The table of Hugging Face's imagefolder, with which folders are no classes."""

_ANNOTATION = re.compile(r".*\.(xml|json|mat|txt)", re.IGNORECASE | re.DOTALL)


def chosen_labels(files: Files, wanted: str | None = None) -> Labelled:
    """The labelled photographs: from class folders, else from tables, else from the names of the files.

    A table that does not agree with the class folders is an error, unless it is the `metadata.csv` of an imagefolder
    or the folders look like parts of one heap.

    Args:
        files: What was found.
        wanted: `FOLDERS`, or the name of a table's column; if None, as described.

    Raises:
        UserError: if there are no labels, or it is not certain which they are.
    """
    found = _wanted(files, wanted) if wanted else tiny_imagenet_labels(files) or _found(files)
    if found.origin:
        refuse_unusable_labels(found, files.where)
    return found


def _wanted(files: Files, wanted: str) -> Labelled:
    found = _in_folders(files) if wanted == FOLDERS else TableLabels(wanted)(files)
    if not found:
        raise UserError(
            f"{files.where} has no table that names its photographs and has a column {wanted!r}: correct "
            "dataset.labels, or leave it empty"
        )
    return found


def _found(files: Files) -> Labelled:
    try:
        folders = _in_folders(files)
    except UserError as fault:
        ways: tuple[Labelling, ...] = (TableLabels(), labels_in_names)
        if found := next(filter(None, (way(files) for way in ways)), None):
            return found
        raise UserError(f"{fault}{_advice(files)}") from None
    return _beside_tables(files, folders)


def _in_folders(files: Files) -> Labelled:
    rows, outside, remarks = index_members(list(files.sizes), files.folders, files.where, files.alike)
    ignored = [f"files outside any class folder, ignored: {outside:,}"] if outside else []
    return Labelled(rows, "", [*remarks, *ignored])


def _beside_tables(files: Files, folders: Labelled) -> Labelled:
    """The labels of the folders, if no table says something else."""
    try:
        tables = TableLabels(plain=True)(files)
    except UserError:  # Tables that cannot be understood for certain are no reason to doubt folders that can be.
        return folders
    if not tables:
        return folders
    differing = _differing(folders.rows, tables.rows)
    if len(differing) <= MISSING * len(tables.rows):
        return folders
    if _are_parts(folders.rows["label"]) or _METADATA.search(tables.origin):
        return tables
    raise UserError(
        f"{files.where}: the class folders and the labels of {tables.origin}, do not agree about {len(differing):,} of "
        f"{len(tables.rows):,} photographs, as {differing.iloc[0]!r}: set dataset.labels to {FOLDERS!r}, or to the "
        "name of the column"
    )


def _differing(folders: pd.DataFrame, tables: pd.DataFrame) -> pd.Series:
    """The members about which the two say something else, whatever they call the classes."""
    both = folders.merge(tables, on="member", suffixes=("", "_of_table"))
    pairs = both.groupby(["label", "label_of_table"]).size().sort_values(ascending=False, kind="stable").reset_index()
    same = pairs[~(pairs["label"].duplicated() | pairs["label_of_table"].duplicated())]
    agreeing = set(zip(same["label"], same["label_of_table"], strict=True))
    agree = [pair in agreeing for pair in zip(both["label"], both["label_of_table"], strict=True)]
    return both.loc[[not agrees for agrees in agree], "member"]


def _are_parts(labels: pd.Series) -> bool:
    """Whether the names of the folders differ in their numbers only, as those of `part_1` and `part_2`."""
    names = set(labels)
    return not any(map(str.isdigit, names)) and len({re.sub(r"\d+", "0", name) for name in names}) == 1


def _advice(files: Files) -> str:
    """What can be said of files in which other programs would find labels."""
    others = [name for name in files.visible() if _ANNOTATION.fullmatch(path_parts(name)[-1])]
    if not others or not files.photographs():
        return ""
    return (
        f" (annotations, as {some(others[:1])}, are not read: make a labels.csv from them, with the columns file_name "
        "and label)"
    )
