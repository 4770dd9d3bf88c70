"""Tables, names and numbers for people: on standard output, whether it is a terminal or not, and in tables' files."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

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
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


_USER = re.compile(r"(?<=://)(?!USER:PASSWORD@)(?:[^\s/?#'\"<>]*|[^\s/?#@:'\"<>]*:(?!\d*[/?#])[^\s'\"<>]*)@")
_QUERY = re.compile(
    r"(?<=[\w/])\?[\w.~%+\[\]-]+=[^\s'\"<>]*[^\s'\"<>:,;.)]|(://[^\s?#'\"<>]*)\?[^\s'\"<>]*[^\s'\"<>:,;.)]"
)
_NAMED = re.compile(r"\b(password|passwd|token|secret|api_?key|signature)=(?!\*)[^\s&'\",;)]+", re.IGNORECASE)


def without_secrets(text: object) -> str:
    """`text` whose addresses have lost user, password and query, which often is a key: https://***@host/a.zip?***."""
    cleaned = _QUERY.sub(r"\1?***", _USER.sub("***@", str(text)))
    return _NAMED.sub(r"\1=***", cleaned)


def spoken(text: object) -> str:
    """`text` as it may be shown and logged: its lines are `printable`, and `without_secrets`."""
    return "\n".join(printable(line) for line in without_secrets(text).split("\n"))


def json_text(content: object, indent: int | None = None) -> str:
    """`content` as JSON, in which what would steer a terminal is written as JSON writes it: \\u202e."""
    text = json.dumps(content, indent=indent, ensure_ascii=False)
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)


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


_FORMULA = re.compile(r"^(?='*[=+\-@\t\r\n])")
_MARKUP = re.compile(r"<(?=\\*[/!])")


def defused(text: object) -> str:
    """`text` as a cell of a CSV file: "'=1+1" for "=1+1", and r"<\\/script>" for "</script>"."""
    return _MARKUP.sub(r"<\\", _FORMULA.sub("'", str(text)))


def original(cell: str) -> str:
    """The text that `defused` made `cell` of."""
    return re.sub(r"^'(?='*[=+\-@\t\r\n])", "", re.sub(r"<\\(?=\\*[/!])", "<", cell))


def utf8_output() -> TextIO:
    """Standard output in UTF-8, where the bytes of a name that is not UTF-8 become `\\udc80` to `\\udcff`.

    So the output can always be read. In JSON, where this is how such a character is written, the name stays exact.
    """
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    return sys.stdout
