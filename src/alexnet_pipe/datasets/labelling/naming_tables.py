"""Tables that name photographs: which of the files are, and which photograph each row means."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_image_name, path_parts
from alexnet_pipe.datasets.folders.folder_names import quoted, split_in
from alexnet_pipe.datasets.labelling.label_columns import (
    cell_splits,
    may_name_photographs,
    photograph_column,
    split_column,
)
from alexnet_pipe.datasets.labelling.labelled import Files
from alexnet_pipe.datasets.labelling.photograph_names import PhotographNames
from alexnet_pipe.datasets.labelling.table_file import LARGEST_TABLE, column_names, is_table_name, read_table

MOST_TABLES = 1000

_HEAD = 200
"""Rows that are read of a table to see whether it names photographs."""

_LINES_EACH, _LINES_ANYWAY = 50, 100_000
"""Of the longest table: for each photograph, and beside these."""

_ABSENT = 0.5
"""Share of its photographs without which a table is none of these."""


_CLASS, _LONGEST = ".cls", 200


class NamingTable(NamedTuple):
    """A table that names photographs.

    Attributes:
        name: Of its file.
        members: The photograph of each row; empty where that is not there.
        cells: The other columns.
        doubt: Why that may be wrong; empty if nothing speaks against it.
    """

    name: str
    members: pd.Series
    cells: pd.DataFrame
    doubt: str


def naming_tables(files: Files, names: PhotographNames) -> tuple[list[NamingTable], list[str]]:
    """Every table that names photographs, and a line about each one that cannot be read.

    What competitions want to be sent (`sample_submission.csv`) has made-up labels and is left out.

    Raises:
        UserError: if there are more than `MOST_TABLES`.
    """
    found = [name for name in files.visible if is_table_name(name) and "submission" not in name.casefold()]
    if len(found) > MOST_TABLES:
        raise UserError(
            f"{files.where} has {len(found):,} tables, more than {MOST_TABLES:,}: keep the one with the labels"
        )
    tables, faults = [], []
    for name in sorted(found):
        try:
            if table := _naming_table(files, name, names):
                tables.append(table)
        except UserError as fault:
            faults.append(str(fault))
    beside = _files_beside(files, names)
    return [*tables, *([beside] if len(beside.members) else [])], faults


def is_label_file(name: str) -> bool:
    """Whether the name ends as those of tables do, or of a file with the label of the one photograph beside it."""
    return is_table_name(name) or name.endswith(_CLASS)


def _files_beside(files: Files, names: PhotographNames) -> NamingTable:
    """WebDataset's `1.cls` beside `1.jpg`, as a table."""
    labels = {name.removesuffix(_CLASS): name for name in files.visible if name.endswith(_CLASS)}
    found = [(member, labels[key]) for member in names.members if (key := _key(member)) in labels]
    cells = [files.content(name).decode("utf-8", "replace").strip()[:_LONGEST] for _, name in found]
    members = pd.Series([member for member, _ in found], dtype="str")
    return NamingTable(f"*{_CLASS}", members, pd.DataFrame({"cls": cells}, dtype="str"), "")


def _key(member: str) -> str:
    """What a photograph and the files beside it have in common: all up to the first dot of its own name."""
    folder, name = posixpath.split(member)
    return posixpath.join(folder, name.partition(".")[0])


def row_splits(table: pd.DataFrame, name: str) -> list[str | None]:
    """The split of each row: what a column says, else the name of the table."""
    column, _ = split_column(table)
    of_table = split_in(stem(name))
    if not column:
        return [of_table] * len(table)
    said = cell_splits(table[column])
    return [said[cell] for cell in table[column].tolist()]


def unknown_splits(tables: Iterable[NamingTable]) -> Iterator[str]:
    """A line about each column of splits that is not understood."""
    for table in tables:
        for column in split_column(table.cells)[1]:
            values = quoted(sorted(table.cells[column].unique()))
            yield f"column {column!r} of {table.name!r} does not say train, validation or test ({values}), ignored"


def _naming_table(files: Files, name: str, names: PhotographNames) -> NamingTable | None:
    if files.sizes[name] > LARGEST_TABLE:
        raise UserError(
            f"{files.where}: the table {name!r} has more than {LARGEST_TABLE:,} bytes: shorten or remove it"
        )
    content = files.content(name)
    head = read_table(name, content, files.where, _HEAD)
    if head.empty:
        raise UserError(f"{files.where}: the table {name!r} has no rows: fill or remove it")
    candidates = _name_columns(head, name, names, files.where)
    if not candidates:
        return None
    lines, most = content.count(b"\n") + content.count(b"\r"), _LINES_EACH * len(names.members) + _LINES_ANYWAY
    if lines > most:
        raise UserError(
            f"{files.where}: the table {name!r} has {lines:,} lines for {len(names.members):,} photographs, more than "
            f"{most:,}: shorten or remove it"
        )
    table = head if len(head) < _HEAD else read_table(name, content, files.where)
    return _matched(table, candidates, name, names, files.where)


def _name_columns(head: pd.DataFrame, table: str, names: PhotographNames, where: str) -> list[str]:
    """The columns some of whose cells name photographs."""
    folder, columns = folder_of(table), column_names(head)
    if len(columns) > 1 and any(
        (is_image_name(column) or len(columns) < 4) and names.find(column, folder, None) for column in columns
    ):
        raise UserError(
            f"{where}: the first line of the table {table!r} names a photograph: put a line with the names of its "
            "columns, as file_name,label, before it"
        )
    return [
        column
        for column in may_name_photographs(head)
        if any(names.find(cell, folder, None) for cell in names.called(head[column].tolist(), folder))
    ]


def _matched(
    table: pd.DataFrame, candidates: Sequence[str], name: str, names: PhotographNames, where: str
) -> NamingTable:
    folder, splits = folder_of(name), row_splits(table, name)
    meant = {}
    for column in candidates:
        cells = zip(names.called(table[column].tolist(), folder), splits, strict=True)
        meant[column] = [names.find(cell, folder, split) for cell, split in cells]
    first = {column: [members[0] if members else "" for members in cells] for column, cells in meant.items()}
    found = pd.DataFrame(first, dtype="str")
    column = photograph_column(found, f"{where}: the table {name!r}")
    same = [other for other in candidates if found[other].equals(found[column])]
    return NamingTable(name, found[column], table.drop(columns=same), _doubt(table[column], meant[column], names))


def _doubt(cells: pd.Series, meant: Sequence[Sequence[str]], names: PhotographNames) -> str:
    for cell, members in zip(cells, meant, strict=True):
        if len(members) > 1:
            what = f"{cell!r} may be {' or '.join(map(repr, members[:2]))}"
            return f"{what}: give paths in the table, or point dataset.location to one of the folders"
    absent = sum(not members for members in meant)
    if absent > _ABSENT * len(meant):
        return f"{absent:,} of its {len(meant):,} photographs are not there: correct or remove the table"
    rows, photographs = _numbers(cells), _numbers(map(stem, names.members)) if absent else set()
    if rows and photographs and {number - min(rows) for number in rows} == {n - min(photographs) for n in photographs}:
        return f"it counts from {min(rows)}, and the photographs from {min(photographs)}: correct its numbers"
    return ""


def _numbers(names: Iterable[str]) -> set[int]:
    """The names as numbers, if all of them are."""
    cells = list(names)
    whole = all(re.fullmatch(r"\d{1,15}(\.0+)?", cell) for cell in cells)
    return {int(float(cell)) for cell in cells} if whole else set()


def stem(table: str) -> str:
    """The name of a file without folders and ending."""
    return PurePosixPath(path_parts(table)[-1]).stem


def folder_of(table: str) -> str:
    """The folders of a file, separated by `/`."""
    return "/".join(path_parts(table)[:-1])
