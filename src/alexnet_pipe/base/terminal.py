"""Tables and names on standard output, whether it is a terminal or not."""

import sys
from collections.abc import Sequence

from rich.console import Console

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


def shortened(parts: Sequence[str], separator: str = ", ") -> str:
    """The first few of `parts`, and how many more there are."""
    more = [f"{len(parts) - _SHOWN} more"] if len(parts) > _SHOWN else []
    return separator.join([*parts[:_SHOWN], *more])
