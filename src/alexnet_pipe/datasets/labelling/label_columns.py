"""Which column of a table names the photograph, which the label, and which the split."""

import re
from collections.abc import Sequence

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_image_name
from alexnet_pipe.datasets.folders.folder_names import quoted, split_in
from alexnet_pipe.datasets.labelling.column_words import (
    FILE_WORDS,
    LABEL_WORDS,
    OTHER_WORDS,
    SPLIT_WORDS,
    TRAIT_WORDS,
    is_number_name,
    plain_name,
)
from alexnet_pipe.datasets.labelling.table_file import column_names
from alexnet_pipe.datasets.labels import SPLITS

CLASS_OF_ROW = "with the 1 of each row"
"""What the column is called that is made of one column a class."""

_PARTITIONS = dict(zip("012", SPLITS, strict=True))
_OTHER_SPLIT = {"train": "test", "test": "train"}
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")

CODED = re.compile(r"[\[{].*[\]}]", re.DOTALL)
"""A list or an object, as JSON and Python write them."""

_LIST_OF_ONE = re.compile(r"\[(['\"]?)([^\[\]{}'\",|;]*)\1\]")

_NOT_LABELLED = re.compile(r"nan|null|\?+|todo|tbd|#?n/a|<na>|(un|not? ?)label(l?ed)?", re.IGNORECASE)
"""What stands in a cell instead of a label, beside labels."""


def may_name_photographs(table: pd.DataFrame) -> list[str]:
    """The columns that may name photographs; of bare numbers, only if they are called so, and none has file names."""
    columns = column_names(table)
    numbers = [column for column in columns if table[column].str.fullmatch(r"\d+(\.0+)?|").all()]
    files = [column for column in columns if table[column].map(is_image_name).any()]
    of_files = [column for column in files if not table[column].str.contains("://", regex=False).any()]
    called = {column: plain_name(column) for column in numbers if not of_files}
    ids = [column for column, name in called.items() if is_number_name(name)]
    return [column for column in columns if column in ids or column not in numbers]


def photograph_column(found: pd.DataFrame, where: str) -> str:
    """The column whose cells name the photographs.

    Args:
        found: For each column in question, the member that each cell means, or None.

    Raises:
        UserError: if two columns name photographs, and not the same ones.
    """
    named = found.nunique().sort_values(ascending=False, kind="stable")
    best = [column for column in named.index if named[column] > 0.5 * named.iloc[0]]
    best = [column for column in best if FILE_WORDS.fullmatch(plain_name(column))] or best
    if differing := [column for column in best[1:] if not found[column].equals(found[best[0]])]:
        raise UserError(
            f"{where}: each of the columns {quoted([best[0], *differing])} may name the photographs, and not the same "
            "ones: remove those that do not, or give the names of the files with their endings"
        )
    return best[0]


def named_labels(table: pd.DataFrame) -> list[str]:
    """The columns whose names say that they hold labels, and that are neither empty nor measured: several fractions."""
    named = [
        column for column in column_names(table) if LABEL_WORDS.fullmatch(plain_name(column)) and table[column].any()
    ]
    fractions = {column: table[column].str.fullmatch(r"[-+]?\d*\.\d*[1-9]\d*") for column in named}
    return [column for column in named if table.loc[fractions[column], column].nunique() < 2]


def likely_labels(table: pd.DataFrame) -> list[str]:
    """The columns with few distinct values, if one of them is plainly neither a trait nor a list: that goes first."""
    few = [column for column in few_valued(table) if not OTHER_WORDS.fullmatch(plain_name(column))]
    plain = plain_labels(table)
    return [*plain, *(column for column in few if column not in plain)] if plain else []


def plain_labels(table: pd.DataFrame) -> list[str]:
    """The columns with few distinct values that are, by their names, nothing else than labels."""
    names = {column: plain_name(column) for column in few_valued(table)}
    others = [column for column, name in names.items() if OTHER_WORDS.fullmatch(name) or TRAIT_WORDS.fullmatch(name)]
    return [column for column in names if column not in others and not _is_coded(table[column])]


def few_valued(table: pd.DataFrame) -> list[str]:
    """The columns with few distinct values: neither splits, nor measures, nor captions."""
    of_classes = _one_a_class(table)
    return [column for column in column_names(table) if column not in of_classes and _has_few_values(table, column)]


def object_columns(table: pd.DataFrame) -> list[str]:
    """The columns that are not called after labels, and not after their names."""
    called = {column: plain_name(column) for column in column_names(table)}
    return [column for column, name in called.items() if not LABEL_WORDS.fullmatch(name) and name != "name"]


def label_column(table: pd.DataFrame, possible: Sequence[str], where: str) -> str | None:
    """The one of the columns `possible` that holds the labels, or None if there is none.

    Several that say the same in other words are one: the first that is not a number.

    Raises:
        UserError: if several may be it.
    """
    if distinct := [column for column in possible if not _says_the_same(table[column], table[possible[0]])]:
        raise UserError(
            f"{where}: each of the columns {quoted([possible[0], *distinct])} may hold the labels: set dataset.labels "
            "to the name of the one that does"
        )
    numbers = [column for column in possible if table[column].str.fullmatch(r"[-+]?\d+(\.0+)?|").all()]
    textual = [column for column in possible if column not in numbers and not _is_coded(table[column])]
    return next(iter([*textual, *possible]), None)


def labels_in(table: pd.DataFrame, column: str) -> pd.Series:
    """The cells of a column of labels, of a list of one that one; empty where they say that there is none.

    So says `-1` beside two other numbers at least, none of them negative, and a row's `Confidence` of 0 (not there).
    """
    labels = table[column].str.strip().str.replace(rf"^{_LIST_OF_ONE.pattern}$", r"\2", regex=True)
    others = labels[~labels.isin(["-1", "-1.0", ""])].unique()
    numbered = len(others) > 1 and all(re.fullmatch(r"\d+(\.0+)?", label) for label in others)
    absent = labels.str.fullmatch(_NOT_LABELLED) | (labels.isin(["-1", "-1.0"]) & numbered)
    for other in column_names(table):
        if plain_name(other) == "confidence":
            absent |= table[other].str.fullmatch(r"0(\.0+)?")
    return labels.mask(absent, "")


def with_class_of_row(table: pd.DataFrame) -> pd.DataFrame:
    """`table`, with a column `CLASS_OF_ROW` if it has one column a class and a single 1 in each row, as ISIC's."""
    if not (columns := _one_a_class(table)):
        return table
    return table.assign(**{CLASS_OF_ROW: table[columns].astype("float").idxmax(axis=1).astype("str")})


def _one_a_class(table: pd.DataFrame) -> list[str]:
    values = {name: set(table[name].unique()) for name in column_names(table) if not is_split_name(name)}
    binary = [column for column, found in values.items() if found in ({"0", "1"}, {"0.0", "1.0"})]
    return binary if len(binary) > 1 and (table[binary].astype("float").sum(axis=1) == 1).all() else []


def is_split_name(column: str) -> bool:
    """Whether a column may hold splits, by its name."""
    return SPLIT_WORDS.fullmatch(plain_name(column)) is not None


def split_column(table: pd.DataFrame) -> tuple[str | None, list[str]]:
    """The column with splits, if there is one; and those that seem to be and are not understood."""
    columns = list(filter(is_split_name, column_names(table)))
    understood = [column for column in columns if cell_splits(table[column])]
    if understood:
        return understood[0], []
    return None, [column for column in columns if table[column].nunique() <= 3]


def cell_splits(column: pd.Series) -> dict[str, str]:
    """The split that each distinct cell of a column of splits says; nothing if one of them is not understood.

    Numbers are understood as CelebA's partitions (0, 1 and 2, mostly 0), yes and no in a column called after a split.
    """
    cells, split = list(map(str, column.unique())), split_in(str(column.name))
    if set(cells) == set(_PARTITIONS) and column.mode()[0] == "0":
        return _PARTITIONS
    if split in _OTHER_SPLIT and set(map(str.casefold, cells)) <= {*_YES, *_NO}:
        return {cell: split if cell.casefold() in _YES else _OTHER_SPLIT[split] for cell in cells}
    said = {cell: named for cell in cells if (named := split_in(cell))}
    return said if len(said) == len(cells) else {}


def _has_few_values(table: pd.DataFrame, name: str) -> bool:
    column = table[name]
    if is_split_name(name):
        return False
    counts = column[column != ""].value_counts()
    measured = column.str.fullmatch(r"[-+]?\d*\.\d+(e[-+]?\d+)?", case=False).any()
    return 2 <= len(counts) <= column.size / 2 and not measured and not _is_one_of_several_classes(table, name)


def _is_coded(column: pd.Series) -> bool:
    return bool(column.str.fullmatch(CODED).any())


def _is_one_of_several_classes(table: pd.DataFrame, name: str) -> bool:
    """Whether a column of 0 and 1 is one a class: beside others that are 0 throughout."""
    return set(table[name]) <= {"0", "1"} and any(set(table[other]) == {"0"} for other in column_names(table))


def _says_the_same(column: pd.Series, other: pd.Series) -> bool:
    pairs = pd.DataFrame({"one": column, "other": other}).drop_duplicates()
    return not (pairs["one"].duplicated().any() or pairs["other"].duplicated().any())
