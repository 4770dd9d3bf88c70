"""What a person has decided about the labels of photographs, as a table: `image` or `sha256`, and `label`."""

import difflib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import original, printable
from alexnet_pipe.datasets.labelling.table_file import LARGEST_TABLE, is_table_name, read_table
from alexnet_pipe.datasets.relabelled import Override

DROP = "drop"
"""Stands for the label of a photograph that is to be used no more, unless a class has that name."""


_COMPARED = 50_000
"""Names of which the most similar is looked for within a second."""


def read_review(path: Path, manifest: pd.DataFrame) -> dict[str, Override]:
    """What the table in `path` says of photographs of the manifest, by their SHA-256.

    A column `sha256` names them, or one called `image`, by path or by SHA-256; `label` has the name of a class or
    "drop". Other columns are for people.

    Args:
        path: A CSV file, also with semicolons or tabs.
        manifest: As the source has it.

    Raises:
        UserError: naming the line, if the table is empty or cannot be read, or a line names no photograph, a photograph
            that another line has named, or no class.
    """
    table = _table(path)
    rows = _rows_of_names(manifest)
    classes = sorted(set(manifest["label"]))
    found: dict[str, tuple[int, Override]] = {}
    for number, (name, label) in enumerate(zip(_names(table, path), table["label"].map(original), strict=True), 2):
        where = f"{path}, line {number}"
        row = _row(name, manifest, rows, where)
        digest = str(manifest.at[row, "sha256"])
        if digest in found:
            raise UserError(f"{where}: line {found[digest][0]} names the same photograph: leave one of them")
        was, image = map(str, manifest.loc[row, ["label", "member"]])
        found[digest] = number, Override(_label(label, classes, where), was, image)
    return {digest: override for digest, (_, override) in found.items()}


def named_photographs(path: Path, manifest: pd.DataFrame) -> set[str]:
    """The SHA-256 of the photographs that the table in `path` names, whatever it says of them.

    Raises:
        UserError: as `read_review`, but for labels.
    """
    names, rows = _names(_table(path), path), _rows_of_names(manifest)
    return {
        str(manifest.at[_row(name, manifest, rows, f"{path}, line {n}"), "sha256"]) for n, name in enumerate(names, 2)
    }


def relabelled(path: Path, manifest: pd.DataFrame, before: Mapping[str, Override]) -> dict[str, Override]:
    """All overrides, once the table in `path` has been applied to those of `before`."""
    said = {**before, **read_review(path, manifest)}
    labels = manifest.groupby("sha256")["label"].agg(set)
    # What the source says itself needs no override.
    return {digest: override for digest, override in said.items() if labels.get(digest) != {override.label}}


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise UserError(f"{path} is no file: name a table with the columns image and label")
    if not is_table_name(path.name) or path.stat().st_size > LARGEST_TABLE:
        raise UserError(
            f"{path}: a table of at most {LARGEST_TABLE / 1e6:.0f} MB that ends in .csv or .tsv is expected"
        )
    table = read_table(path.name, path.read_bytes(), str(path.parent))
    if "label" not in table:
        raise UserError(f"{path} has no column label: its first line is `image,label`")
    if table.empty:
        raise UserError(f"{path} has no lines below its first: nothing is changed")
    return table


def _names(table: pd.DataFrame, path: Path) -> "pd.Series[str]":
    for column in ("sha256", "image"):
        if column in table:
            return table[column].map(original)
    raise UserError(f"{path} has neither a column image nor sha256: its first line is `image,label`")


def _rows_of_names(manifest: pd.DataFrame) -> dict[str, list[int]]:
    """The index of the manifest's rows that each name may mean: their members, and the SHA-256 of their bytes."""
    rows: dict[str, list[int]] = {}
    for column in ("member", "sha256"):
        for index, name in manifest[column].items():
            if name and (column == "member" or name not in rows):
                rows.setdefault(name, []).append(int(str(index)))
    return rows


def _row(name: str, manifest: pd.DataFrame, rows: Mapping[str, list[int]], where: str) -> int:
    found = rows.get(name, [])
    if not found:
        near = difflib.get_close_matches(name, rows, 1) if len(rows) < _COMPARED else []
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UserError(f"{where}: there is no photograph {name!r} in data/manifest.parquet{hint}")
    if not manifest.at[found[0], "sha256"]:
        raise UserError(f"{where}: {name!r} is damaged in its archive, and not used")
    if len(found) > 1:
        raise UserError(f"{where}: {len(found)} photographs are called {name!r}: name it by its SHA-256")
    return found[0]


def _label(label: str, classes: list[str], where: str) -> str:
    if label in classes:
        return label
    if label == DROP:
        return ""
    near = difflib.get_close_matches(label, classes, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"give the name of a class, or `{DROP}`"
    raise UserError(f"{where}: there is no class {printable(label)!r}: {hint}")
