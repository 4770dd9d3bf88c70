"""Tables, names and numbers on standard output, whether it is a terminal or not."""

import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WITHOUT_TERMINAL = 10_000
"""Columns where there is no terminal to end a line."""

_SHOWN = 4


def output_console() -> Console:
    """Standard output; where it is no terminal, rows are as long as they need to be."""
    # On a terminal, what is written to `sys.stdout` at the time is written above the progress bar.
    return Console() if sys.stdout.isatty() else Console(file=sys.stdout, width=_WITHOUT_TERMINAL)


def printable(name: object) -> str:
    """Names come from outside: nothing in them may steer a terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)[1:-1]


def plain_table(headings: Sequence[object], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose cells are text, whatever is in them, and are folded rather than cut."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for heading in headings:
        table.add_column(Text(printable(heading)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def with_interval(value: float, low: float, high: float, form: str = ".2%") -> str:
    """A number and its interval, each as `form` says: "12.50% (11.20% to 13.90%)"."""
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def shortened(parts: Sequence[str], separator: str = ", ") -> str:
    """The first few of `parts`, and how many more there are."""
    more = [f"{len(parts) - _SHOWN} more"] if len(parts) > _SHOWN else []
    return separator.join([*parts[:_SHOWN], *more])
