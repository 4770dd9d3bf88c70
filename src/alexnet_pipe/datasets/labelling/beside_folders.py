"""What tables and lists beside class folders say of the same photographs, if it does not follow from the folders."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_image_name
from alexnet_pipe.datasets.labelling.label_columns import named_labels, object_columns, plain_labels, with_class_of_row
from alexnet_pipe.datasets.labelling.label_table import MISSING
from alexnet_pipe.datasets.labelling.labelled import Files
from alexnet_pipe.datasets.labelling.naming_tables import MOST_TABLES, NamingTable, folder_of, naming_tables
from alexnet_pipe.datasets.labelling.photograph_names import PhotographNames
from alexnet_pipe.datasets.labelling.table_file import is_table_name, read_table

_MOST_LISTS = 20
"""Of text; more of them are annotations of single photographs."""

_LARGEST_LIST = 50_000_000
"""Bytes of the longest text that is read."""

_TRIED = 100
"""Lines of a list from which it is told whether it names photographs."""


def refuse_columns_against_folders(files: Files, rows: pd.DataFrame) -> None:
    """Refuse class folders beside a column that may hold the labels as well, and says something else.

    So the folders may be groups of the classes, or have nothing to do with them.

    Args:
        files: What was found.
        rows: The photographs in class folders: member, label.

    Raises:
        UserError: naming the column. Of a list, or beside a column that says what the folders say, only one that says
            more than they do is in doubt: others may be marks and measures.
    """
    names = PhotographNames([*{*files.photographs, *rows["member"]}])
    labels = rows.set_index("member")["label"]
    try:
        tables = naming_tables(files, names)[0]
    except UserError:  # Too many of them, which is told already.
        tables = []
    for table in tables:
        if column := _against(table, labels, finer=False):
            raise UserError(
                f"{_said(files, table, column)}: set dataset.labels to {column!r}, or to 'folders' if these are the "
                "classes"
            )
    _refuse_labels_of_folders(files, labels)
    for text in _naming_lists(files, names):
        if column := _against(text, labels, finer=True):
            raise UserError(
                f"{_said(files, text, column)}: make a labels.csv of file_name,label from it and set dataset.labels to "
                "'label', or to 'folders' if these are the classes"
            )


def _refuse_labels_of_folders(files: Files, labels: pd.Series) -> None:
    """A table may name the folders instead: `id,label` with the folder of a patient's or an object's photographs.

    One that calls them classes (`class,superclass`) says what groups these are in.
    """
    folders = set(labels)
    for name, table in _small_tables(files):
        for column in object_columns(table):
            cells = table[column].str.strip()
            of_folders = cells.isin(folders)
            rows = table[of_folders].drop(columns=column)
            a_row_each = 2 * len(rows) > max(2, len(folders)) and cells[of_folders].is_unique
            if a_row_each and (found := [*named_labels(rows), *plain_labels(rows)]):
                raise UserError(
                    f"{files.where}: {name!r} names the class folders in {column!r}, and may say their labels in "
                    f"{found[0]!r}: put the photographs of each class into a folder of their own, or set "
                    "dataset.labels to 'folders' if these are the classes"
                )


def _small_tables(files: Files) -> Iterator[tuple[str, pd.DataFrame]]:
    found = list(filter(is_table_name, files.visible))
    for name in found if len(found) <= MOST_TABLES else ():
        if files.sizes[name] <= _LARGEST_LIST:
            with suppress(UserError):  # Which is told already.
                yield name, read_table(name, files.content(name), files.where)


def _said(files: Files, table: NamingTable, column: str) -> str:
    return f"{files.where}: {table.name!r} names the photographs, and its {column!r} does not follow the class folders"


def _against(table: NamingTable, labels: pd.Series, finer: bool) -> str:
    """The first column that may hold labels and does not follow `labels` (by member), or nothing."""
    if table.doubt:
        return ""
    known = table.members.isin(labels.index)
    if table.members[known].nunique() <= MISSING * len(labels):
        return ""
    cells, folder = with_class_of_row(table.cells[known.to_numpy()]), labels[table.members[known]]
    columns = {column: cells[column].str.strip().set_axis(folder.index) for column in plain_labels(cells)}
    differing = {column: said for column, said in columns.items() if not _follows(said, folder)}
    told = any(_follows(folder, said) for column, said in columns.items() if column not in differing)
    return next((column for column, said in differing.items() if _follows(folder, said) or not (told or finer)), "")


def _follows(one: pd.Series, other: pd.Series) -> bool:
    """Whether each value of `other` has one of `one`, but for a few photographs; empty cells say nothing."""
    pairs = pd.DataFrame({"one": one.to_numpy(), "other": other.to_numpy()})
    counts = pairs[(pairs["one"] != "") & (pairs["other"] != "")].value_counts()
    return counts.groupby("other").max().sum() >= (1 - MISSING) * counts.sum()


def _naming_lists(files: Files, names: PhotographNames) -> Iterator[NamingTable]:
    """The text lists with as many words in each line, one of which is a path or the name of a photograph."""
    texts = [name for name in files.visible if name.lower().endswith((".txt", ".lst"))]
    for name in texts if len(texts) <= _MOST_LISTS else ():
        if files.sizes[name] <= _LARGEST_LIST:
            lines = files.content(name).decode("utf-8-sig", "replace").splitlines()
            words = [re.split(r"[\s,;]+", line.strip()) for line in lines if line.strip() and not line.startswith("#")]
            if words and words[0][0].isdecimal() and len(words[0]) == 1:  # CelebA's lists say first how long they are.
                words = words[1:]
            if {*map(len, words)} - {1} and len({*map(len, words)}) == 1:
                yield from _naming_list(name, words, names)


def _naming_list(name: str, lines: Sequence[Sequence[str]], names: PhotographNames) -> Iterator[NamingTable]:
    def meant(cell: str) -> str:
        found = names.find(cell, folder_of(name), None) if "/" in cell or is_image_name(cell) else []
        return found[0] if len(found) == 1 else ""

    first, *others = lines
    paths = [place for place in range(len(first)) if any(meant(line[place]) for line in others[:_TRIED])]
    if not paths:
        return
    named = not any(map(meant, first)) and len(set(first)) == len(first)
    rows = pd.DataFrame(others if named else lines, dtype="str")
    columns = dict(enumerate(first if named else (f"column {number + 1}" for number in range(len(first)))))
    yield NamingTable(
        name, rows[paths[0]].map(meant).astype("str"), rows.drop(columns=paths).rename(columns=columns), ""
    )
