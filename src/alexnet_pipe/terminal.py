"""Tables and names on standard output, whether it is a terminal or not."""

import sys

from rich.console import Console

_WITHOUT_TERMINAL = 10_000
"""Columns where there is no terminal to end a line."""


def output_console() -> Console:
    """Standard output; where it is no terminal, rows are as long as they need to be."""
    # On a terminal, what is written to `sys.stdout` at the time is written above the progress bar.
    return Console() if sys.stdout.isatty() else Console(file=sys.stdout, width=_WITHOUT_TERMINAL)


def printable(name: object) -> str:
    """Names come from outside: nothing in them may steer a terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)[1:-1]
