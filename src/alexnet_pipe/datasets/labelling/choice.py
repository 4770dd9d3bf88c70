"""Which way of labelling photographs fits what was found."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_image_name
from alexnet_pipe.datasets.folders.folder_names import POINT_THERE, quoted
from alexnet_pipe.datasets.folders.layout import index_members
from alexnet_pipe.datasets.labelling.beside_folders import refuse_columns_against_folders
from alexnet_pipe.datasets.labelling.label_columns import few_valued
from alexnet_pipe.datasets.labelling.label_table import MISSING, DoubtfulTableError, TableLabels
from alexnet_pipe.datasets.labelling.labelled import Files, Labelled, look_alike, refuse_unusable_labels
from alexnet_pipe.datasets.labelling.name_labels import labels_in_names
from alexnet_pipe.datasets.labelling.naming_tables import folder_of, naming_tables
from alexnet_pipe.datasets.labelling.photograph_names import PhotographNames
from alexnet_pipe.datasets.labelling.published_splits import with_published_splits
from alexnet_pipe.datasets.labelling.table_file import column_names, is_table_name
from alexnet_pipe.datasets.labelling.tiny_imagenet import tiny_imagenet_labels
from alexnet_pipe.datasets.labels import SPLITS, may_be_one

FOLDERS = "folders"
"""What `dataset.labels` says if the folders are meant, whatever tables there are."""

_METADATA = re.compile(r"(^|[/(])metadata\.(csv|jsonl)\b")
"""The table of Hugging Face's imagefolder, with which folders are no classes."""

_ANNOTATION = re.compile(r"\.(xml|json|mat|txt|lst|cls|xlsx?|ods|np[yz]|pkl)$", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(7z|rar|zip|tar|t?gz|t?bz2|t?xz|zst|arrow|tfrecords?|h5|npz)$", re.IGNORECASE)

_LARGEST_LIST = 50_000_000
"""Bytes of the longest text that is looked into."""


def chosen_labels(files: Files, wanted: str | None = None) -> Labelled:
    """The labelled photographs: from class folders, else from tables, else from the names of the files.

    A table that does not agree with the class folders is an error, unless it is the `metadata.csv` of an imagefolder.

    Args:
        files: What was found.
        wanted: `FOLDERS`, or the name of a table's column; if None, as described.

    Raises:
        UserError: if there are no labels, or it is not certain which they are.
    """
    found = _wanted(files, wanted) if wanted else tiny_imagenet_labels(files) or _found(files)
    if set(found.rows["split"]) == {"train"}:
        found = with_published_splits(found, files)
    labels = sorted(set(found.rows["label"]))
    told = [f"{one!r} and {other!r} may be one class: rename one if so" for one, other in may_be_one(labels)]
    told += [f"{one!a} and {other!a} look alike: rename one if they are one class" for one, other in look_alike(labels)]
    stems = pd.Series([posixpath.splitext(member)[0] for member in found.rows["member"]], dtype="str")
    if len(pairs := stems[stems.duplicated()]):
        told.append(
            f"photographs that differ in their endings only, as two of {pairs.iloc[0]!r}: {len(pairs):,}; masks?"
        )
    if found.origin:
        refuse_unusable_labels(found, files.where)
    if masks := len(files.images) - len(files.photographs) if found.origin else len(files.masks):
        told.append(f"masks and annotations that are images, left out: {masks:,}")
    return found._replace(remarks=list(dict.fromkeys([*found.remarks, *told])))


def _wanted(files: Files, wanted: str) -> Labelled:
    found = _in_folders(files, meant=True) if wanted == FOLDERS else TableLabels(wanted)(files)
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
        if found := _in_tables(files) or labels_in_names(files):
            return found
        raise UserError(f"{fault}{_advice(files)}") from None
    return _beside_tables(files, folders)


def _in_folders(files: Files, meant: bool = False) -> Labelled:
    rows, outside, remarks = index_members(
        [name for name in files.sizes if name not in files.masks], files.folders, files.where, files.alike, meant
    )
    ignored = [f"files outside any class folder, ignored: {len(outside):,} ({quoted(outside)})"] if outside else []
    return Labelled(rows, "", [*remarks, *ignored])


def _in_tables(files: Files) -> Labelled | None:
    """The labels of a table, if the names of the files have none, or the same, or those of another thing."""
    found = TableLabels()(files)
    try:
        named = labels_in_names(files) if found else None
    except UserError:  # The names are no labels, for certain.
        named = None
    if found is None or named is None:
        return found
    both = named.rows.merge(found.rows, on="member", suffixes=("", "_of_table"))
    differing = both.loc[both["label_of_table"].map(_agreeing(both, named.rows["label"])) != both["label"], "member"]
    of_one_thing = set(map(str.casefold, both["label"])) & set(map(str.casefold, both["label_of_table"]))
    plain = TableLabels(beside=frozenset(both["member"]))  # It takes columns only whose names say so.
    if len(differing) > MISSING * len(both) and (of_one_thing or not plain(files)):
        raise UserError(
            f"{files.where}: {named.origin}, and the labels of {found.origin}, do not agree about {len(differing):,} "
            f"of {len(both):,} photographs, as {differing.iloc[0]!r}: set dataset.labels to the name of the column, "
            "or remove the table"
        )
    return found


def _beside_tables(files: Files, folders: Labelled) -> Labelled:
    """The labels of the folders, and what a table adds that says the same: other photographs, and splits."""
    try:
        tables = TableLabels(beside=frozenset(folders.rows["member"]))(files)
    except UserError as fault:  # No reason to doubt folders that can be understood for certain.
        if isinstance(fault, DoubtfulTableError) and fault.labels.isdisjoint(folders.rows["label"]):
            raise UserError(f"{fault}; if the folders are the classes, set dataset.labels to {FOLDERS!r}") from None
        refuse_columns_against_folders(files, folders.rows)
        return folders._replace(remarks=[*folders.remarks, f"labels from class folders, not from a table, for {fault}"])
    if not tables:
        refuse_columns_against_folders(files, folders.rows)
        return folders
    both = folders.rows.merge(tables.rows, on="member", suffixes=("", "_of_table"))
    meant = _agreeing(both, folders.rows["label"])
    differing = both.loc[both["label_of_table"].map(meant) != both["label"], "member"]
    if len(differing) <= MISSING * len(both):
        known = set(tables.rows["label"]) <= set(meant)
        return _telling(_with_tables(folders, tables, meant) if known else folders, tables, differing)
    if _METADATA.search(tables.origin):
        return TableLabels()(files) or folders
    raise UserError(
        f"{files.where}: the class folders and the labels of {tables.origin}, do not agree about {len(differing):,} of "
        f"{len(both):,} photographs, as {differing.iloc[0]!r}: set dataset.labels to {FOLDERS!r}, or to the name of "
        "the column"
    )


def _telling(found: Labelled, tables: Labelled, differing: pd.Series) -> Labelled:
    """`found`, and of which photographs the tables say something else."""
    if differing.empty:
        return found
    told = f"{len(differing):,} photographs have another label in {tables.origin}, as {differing.iloc[0]!r}"
    return found._replace(remarks=[*found.remarks, f"{told}: that of the folder counts"])


def _agreeing(both: pd.DataFrame, classes: Iterable[str]) -> dict[str, str]:
    """The class that each label of a table means, by most of the photographs; a word that is a class means that one."""
    pairs = both.groupby(["label", "label_of_table"]).size().sort_values(ascending=False, kind="stable").reset_index()
    same = pairs[~(pairs["label"].duplicated() | pairs["label_of_table"].duplicated())]
    # Numbers may count otherwise than the classes do.
    words = {label: label for label in classes if both.empty or not label.isdecimal()}
    return dict(zip(same["label_of_table"], same["label"], strict=True)) | words


def _with_tables(folders: Labelled, tables: Labelled, meant: Mapping[str, str]) -> Labelled:
    """Both, with the classes of the folders; what either holds out is held out."""
    rows = pd.concat([folders.rows, tables.rows.assign(label=tables.rows["label"].map(meant))], ignore_index=True)
    order = rows["split"].map(SPLITS.index).groupby(rows["member"]).transform("max")
    rows = rows.assign(split=order.map(dict(enumerate(SPLITS)))).astype("str").drop_duplicates("member")
    added, same = len(rows) - len(folders.rows), rows["split"].head(len(folders.rows)).equals(folders.rows["split"])
    if not added and same:
        return folders
    return Labelled(rows, f"class folders and {tables.origin}", tables.remarks if added else folders.remarks)


def _advice(files: Files) -> str:
    """What to do about these files, in brackets, if anything can be said."""
    said = "; ".join(_said(files))
    return f" ({said})" if said else ""


def _said(files: Files) -> Iterator[str]:
    if archives := list(filter(_ARCHIVE.search, files.visible)):
        yield f"unpack {quoted(archives)} first"
    if not files.photographs:
        return
    yield from _about_tables(files)
    if tables := [name for name in files.visible if name.lower().endswith(".parquet")]:
        yield f"{quoted(tables)} is not read beside photographs: save a table of labels as labels.csv"
    annotations = list(filter(_ANNOTATION.search, files.visible))
    if lists := [name for name in annotations if _is_list(files, name)]:
        yield f"to read {lists[0]!r}, a path and a label a line, point dataset.location to it {POINT_THERE}"
    elif annotations:
        yield f"annotations, as {quoted(annotations[:1])}, are not read: make a labels.csv of file_name,label"


def _about_tables(files: Files) -> Iterator[str]:
    tables = list(filter(is_table_name, files.visible))
    naming = naming_tables(files, PhotographNames(files.photographs))[0] if tables else []
    for table in naming[:1]:
        columns = quoted(few_valued(table.cells) or column_names(table.cells))
        which = f"set dataset.labels to the one that does ({columns})" if columns else "add one with a name"
        yield f"no column of {table.name!r} plainly holds labels: {which}"
    if tables and not naming:
        yield f"{quoted(tables)} has no column, as file_name, that names the photographs as they are called here"


def _is_list(files: Files, name: str) -> bool:
    """Whether the first line is `path label`, and the path begins at the folder of the list."""
    if not name.lower().endswith(".txt") or files.sizes[name] > _LARGEST_LIST:
        return False
    first, *_ = files.content(name).decode("utf-8-sig", "replace").strip().splitlines() or [""]
    path = " ".join(first.split()[:-1])
    return is_image_name(path) and posixpath.normpath(posixpath.join(folder_of(name), path)) in files.sizes
