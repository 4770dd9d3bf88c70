"""Which rows of a table differ."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alexnet_pipe.certificate.numbers import COURSE


def table_difference(before: Path, now: Path) -> tuple[bool, str]:
    """As `difference.difference`: how many rows of a CSV or Parquet file have no equal in the other."""
    old, new = (pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path) for path in (before, now))
    if list(old.columns) != list(new.columns):
        return False, f"columns {', '.join(old.columns)}, now {', '.join(new.columns)}"
    course = [name for name in old.columns if name in COURSE]
    rows, rows_now = (Counter(_rows(table.drop(columns=course))) for table in (old, new))
    differ = max((rows - rows_now).total(), (rows_now - rows).total())
    if differ:
        return False, f"{differ:,} of {max(len(old), len(new)):,} rows differ"
    if list(_rows(old)) == list(_rows(new)) or not course:
        return False, "the same rows in another order or encoding"
    return True, f"the same results; the run took another course: {', '.join(course)}"


def _rows(table: pd.DataFrame) -> Iterable[str]:
    columns = [[repr(_plain(value)) for value in table[name]] for name in table.columns]
    return map("\0".join, zip(*columns, strict=True))


def _plain(value: Any) -> Any:
    # Printed as it is, an array would hide its last digits.
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
