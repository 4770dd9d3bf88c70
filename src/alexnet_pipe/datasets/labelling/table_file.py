"""Tables of others, as text: CSV with any usual separator, TSV, JSON Lines; bounded, and everything read as text."""

import codecs
import json
import re
import warnings
from io import BytesIO
from itertools import islice
from typing import Any

import pandas as pd

from alexnet_pipe.base.errors import UserError

LARGEST_TABLE = 200_000_000
"""Bytes of the largest table that is read."""

MOST_LINES = 20_000_000
MOST_COLUMNS = 10_000

_ENDINGS = (".csv", ".tsv", ".jsonl")
_SEPARATORS = ",;\t|"


def is_table_name(name: str) -> bool:
    """Whether the name ends as those of tables do that can be read."""
    return name.lower().endswith(_ENDINGS)


def read_table(name: str, content: bytes, where: str, rows: int | None = None) -> pd.DataFrame:
    """The table in a file of that name.

    Args:
        rows: Not more than the first so many.

    Returns:
        All cells as text, as they are written; empty where there is none. Columns without a name are left out.

    Raises:
        UserError: naming the table, if it is too large, is not in UTF-8 (or UTF-16 with its mark), or is malformed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas warns where it drops cells.
            table = _json_lines(content, rows) if name.lower().endswith("l") else _separated(name, content, rows)
    except UnicodeError:
        raise UserError(f"{where}: the table {name!r} is not in UTF-8: save it so, or remove it") from None
    except (ValueError, RecursionError, OverflowError, Warning) as error:
        reason = ascii(" ".join(str(error).split())[:200])[1:-1]
        raise UserError(f"{where}: the table {name!r} cannot be read ({reason}): mend or remove it") from None
    return table[[column for column in column_names(table) if column and not column.startswith("Unnamed: ")]]


def column_names(table: pd.DataFrame) -> list[str]:
    """The names of all columns."""
    return list(map(str, table.columns))


def _separated(name: str, content: bytes, rows: int | None) -> pd.DataFrame:
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    header = re.split(rb"[\r\n]", content[: 1 << 20], maxsplit=1)[0].decode(encoding, "ignore")
    separator = "\t" if name.lower().endswith(".tsv") else max(_SEPARATORS, key=header.count)
    if header.count(separator) >= MOST_COLUMNS or len(header) >= 1 << 20:
        raise ValueError(f"its first line has more than {MOST_COLUMNS:,} columns")
    if content.count(b"\n") + content.count(b"\r") > 2 * MOST_LINES:
        raise ValueError(f"more than {MOST_LINES:,} lines")
    table = pd.read_csv(
        BytesIO(content),
        sep=separator,
        dtype="str",
        na_filter=False,
        encoding=encoding,
        nrows=rows,
        index_col=False,
        skipinitialspace=True,
    )
    return table.rename(columns=str.strip)


def _json_lines(content: bytes, rows: int | None) -> pd.DataFrame:
    lines = (line for line in BytesIO(content) if line.strip())
    return pd.DataFrame([_scalars(line) for line in islice(lines, rows)], dtype="str").fillna("")


def _scalars(line: bytes) -> dict[str, str]:
    """The values of one object as text, of lists and objects as JSON."""
    record: Any = json.loads(line.decode("utf-8-sig"))
    if not isinstance(record, dict) or len(record) > MOST_COLUMNS:
        raise ValueError("a line is no object of JSON")
    return {
        key: json.dumps(value) if isinstance(value, list | dict) else str(value)
        for key, value in record.items()
        if value is not None
    }
