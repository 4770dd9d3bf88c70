"""Labels in tables beside the photographs: `labels.csv`, `metadata.csv`, `train.csv` and their like."""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.folders.folder_names import quoted
from alexnet_pipe.datasets.labelling.label_columns import (
    CLASS_OF_ROW,
    label_column,
    labels_in,
    likely_labels,
    named_labels,
    with_class_of_row,
)
from alexnet_pipe.datasets.labelling.labelled import Files, Labelled, held_out, labelled, split_above
from alexnet_pipe.datasets.labelling.naming_tables import (
    NamingTable,
    is_label_file,
    naming_tables,
    row_splits,
    unknown_splits,
)
from alexnet_pipe.datasets.labelling.photograph_names import PhotographNames
from alexnet_pipe.datasets.labelling.table_file import column_names

MISSING = 0.05
"""Share of rows without a photograph, and of photographs without a row, up to which they are only told."""

_Columns = Callable[[pd.DataFrame], Sequence[str]]
_Chosen = Sequence[tuple[NamingTable, str]]
"""Tables, each with its column of labels."""


class DoubtfulTableError(UserError):
    """
    Attributes:
        labels: Of the table whose names mean no photograph, or may mean several.
    """

    def __init__(self, message: str, labels: frozenset[str]) -> None:
        super().__init__(message)
        self.labels = labels


class TableLabels:
    """The labelling by one column of a table, or of several tables."""

    def __init__(self, column: str | None = None, beside: frozenset[str] = frozenset()) -> None:
        """
        Args:
            column: The one with the labels, if it has to be told.
            beside: Photographs that have labels already: they need no row, and only columns whose names say that they
                hold labels are taken.
        """
        self._column, self._beside = column, beside

    def __call__(self, files: Files) -> Labelled | None:
        """A `Labelling`: a row's photograph, label and, if a column, the table's name or a folder says so, split."""
        if not any(map(is_label_file, files.sizes)):
            return None
        names = PhotographNames([*{*files.photographs, *self._beside}])
        tables, faults = naming_tables(files, names)
        tables = [table._replace(cells=with_class_of_row(table.cells)) for table in tables]
        chosen = self._with_labels(tables, files.where)
        if not chosen:
            if faults:
                raise UserError(faults[0])
            return None
        where = f"{files.where}: labels from {_origin(chosen)}"
        rows = _rows_of(chosen, where)
        rows = rows[rows["label"] != ""]
        forms = _forms(rows, self._beside, where)
        rows, chosen = rows[~rows["table"].isin(forms)], [each for each in chosen if each[0].name not in forms]
        remarks = (
            [f"one label in every row of {quoted(forms)}, as in a form to be filled in: not read"] if forms else []
        )
        remarks += [f"{fault}; ignored" for fault in faults] + list(unknown_splits([table for table, _ in chosen]))
        remarks += _told("rows without a photograph", rows.loc[rows["member"] == "", "table"], len(rows), where)
        rows, folds = _without_folds(rows[rows["member"] != ""])
        remarks += folds
        rows = _one_label_each(rows, where)
        named = {member for table in tables for member in table.members}
        remarks += _left_out(names.members, self._beside.union(rows["member"]), named, where)
        ordered = rows[["member", "label", "split"]].sort_values("member").itertuples(index=False, name=None)
        return Labelled(labelled(ordered), _origin(chosen), remarks)

    def _with_labels(self, tables: Sequence[NamingTable], where: str) -> _Chosen:
        if self._column is not None:
            return [(table, self._column) for table in tables if self._column in table.cells]
        chosen = _chosen(tables, named_labels, where)
        if not chosen and not self._beside:
            of_classes = [table for table in tables if CLASS_OF_ROW in table.cells]
            chosen = _chosen(of_classes or tables, likely_labels, where)
        return chosen


def _chosen(tables: Sequence[NamingTable], possible: _Columns, where: str) -> _Chosen:
    """The tables with a column of labels among the `possible` ones; tables with the same columns are one."""
    alike: dict[tuple[str, ...], list[NamingTable]] = {}
    for table in tables:
        alike.setdefault(tuple(column_names(table.cells)), []).append(table)
    chosen = []
    for group in alike.values():
        cells = pd.concat([table.cells for table in group], ignore_index=True)
        if column := label_column(cells, possible(cells), f"{where}: the table {group[0].name!r}"):
            chosen += [(table, column) for table in group]
    return chosen


def _rows_of(chosen: _Chosen, where: str) -> pd.DataFrame:
    """One row a row: member, label, split, table."""
    if doubt := next((table.doubt for table, _ in chosen if table.doubt), ""):
        found = frozenset(cell.strip() for table, label in chosen for cell in table.cells[label])
        raise DoubtfulTableError(f"{where}: {doubt}", found)
    parts = []
    for table, label in chosen:
        splits = zip(row_splits(table.cells.drop(columns=label), table.name), table.members, strict=True)
        parts.append(
            pd.DataFrame(
                {
                    "member": table.members.to_numpy(),
                    "label": labels_in(table.cells, label).to_numpy(),
                    "split": [held_out((split, split_above(member))) for split, member in splits],
                    "table": table.name,
                },
                dtype="str",
            )
        )
    return pd.concat(parts, ignore_index=True)


def _forms(rows: pd.DataFrame, beside: frozenset[str], where: str) -> list[str]:
    """The tables that are forms to be filled in: one label in all rows, where others have several.

    Raises:
        UserError: if such a table is not plainly one of test images, nor of a class of its own, or there is no other.
    """
    labels, sizes = rows.groupby("table")["label"].nunique(), rows["table"].value_counts()
    alike = rows["table"].isin([table for table in labels.index if labels[table] == 1 and sizes[table] > 1])
    forms, others = rows[alike & ~rows["member"].isin(beside)], rows[~alike]
    if forms["label"].nunique() != 1 or (others["label"].nunique() < 2 and not beside):
        return []
    of_training, label = (forms["split"] == "train").any(), forms["label"].iloc[0]
    if of_training and label not in set(others["label"]) and len(others):
        return []
    if of_training or others.empty:
        raise UserError(
            f"{where}: every row of {quoted(forms['table'].unique())} has the label {label!r}, as a form to be filled "
            "in has: remove it, or put its rows into the table with the others"
        )
    return list(forms["table"].unique())


def _without_folds(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """`rows`; without the splits of tables that say several for most photographs, as those of a cross-validation do."""
    several = rows.drop_duplicates(["member", "split"])["member"].duplicated().sum()
    if 2 * several <= rows["member"].nunique():
        return rows, []
    splits = [split_above(member) or "train" for member in rows["member"]]
    return rows.assign(split=splits), [f"splits of {quoted(rows['table'].unique())} differ from each other, ignored"]


def _one_label_each(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    """`rows` with one row a photograph."""
    rows = rows.drop_duplicates(["member", "label", "split"])
    again = rows[rows.duplicated("member", keep=False)].sort_values("member", kind="stable")
    if len(again):
        said = [f"{label!r} in {split}" for _, label, split, _ in again.head(2).itertuples(index=False, name=None)]
        raise UserError(
            f"{where}: {again['member'].nunique():,} photographs have more than one label or split, as "
            f"{again['member'].iloc[0]!r} ({', '.join(said)}): keep one row for each"
        )
    return rows


def _left_out(photographs: Iterable[str], with_label: frozenset[str], named: set[str], where: str) -> list[str]:
    """What is told of the photographs without a label."""
    rest = [member for member in photographs if member not in with_label]
    of_tables = {member for member in rest if member in named}
    of_test = {member for member in rest if split_above(member) == "test"} - of_tables
    if "test" in map(split_above, with_label):
        of_test = set()
    remarks = [f"photographs that tables name without a label, left out: {len(of_tables):,}"] if of_tables else []
    remarks += [f"photographs of the test split without a label, left out: {len(of_test):,}"] if of_test else []
    rest = [member for member in rest if member not in of_tables | of_test]
    return remarks + _told("photographs without a row", rest, len(rest) + len(with_label), where)


def _told(what: str, missing: Iterable[str], of: int, where: str) -> list[str]:
    missing = list(missing)
    if len(missing) > MISSING * of:
        raise UserError(
            f"{where}: {what}: {len(missing):,} of {of:,}, more than {MISSING:.0%} (the first in {missing[0]!r}): mend "
            "the table, or remove what does not belong to it"
        )
    return [f"{what}, left out: {len(missing):,}"] if missing else []


def _origin(chosen: _Chosen) -> str:
    (first, column), *others = chosen
    tables = f"{len(chosen):,} tables ({first.name}, …)" if others else first.name
    return printable(f"{tables}, column {column}")
