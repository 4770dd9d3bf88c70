"""A comparison as text."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd
from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from alexnet_pipe.base.terminal import output_console, printable
from alexnet_pipe.comparison.compare import Compared
from alexnet_pipe.evaluation.intervals import wilson_interval

ROWS = 20


def print_comparison(compared: Compared) -> None:
    """Print errors, what differs, and which images changed sides, to standard output."""
    console = output_console()
    for number, part in enumerate(_parts(compared)):
        if number:
            console.print()
        console.print(part)


def _parts(compared: Compared) -> Iterator[RenderableType]:
    first, second = compared.first.name, compared.second.name
    yield Text(compared.about)
    yield _errors(compared)
    yield Text("Lost: right in the first alone; won: in the second alone. p: McNemar's exact test, two-sided.")
    if compared.differences:
        yield _table(("differs", first, second), compared.differences)
    if compared.code:
        yield Text(f"Code that differs: {', '.join(compared.code)}")
    for verb, rows in (("lost", compared.lost()), ("won", compared.won())):
        if len(rows):
            yield _images(compared, f"{verb} by {second}", rows)
        if len(rows) > ROWS:
            yield Text(f"and {len(rows) - ROWS:,} more")


def _errors(compared: Compared) -> Table:
    rows = []
    for name, numbers in compared.errors.items():
        difference, low, high = numbers.difference
        shares = [_share(count, numbers.images) for count in (numbers.first_errors, numbers.second_errors)]
        change = f"{difference:+.2%} ({low:+.2%} to {high:+.2%})"
        rows.append((name, *shares, change, f"{numbers.lost:,}", f"{numbers.won:,}", f"{numbers.p_value:.2g}"))
    names = (compared.first.name, compared.second.name)
    return _table(("error", *names, "difference", "lost", "won", "p"), rows)


def _share(count: int, total: int) -> str:
    low, high = wilson_interval(count, total)
    return f"{count / total:.2%} ({low:.2%} to {high:.2%})"


def _images(compared: Compared, title: str, rows: pd.DataFrame) -> Table:
    names = (compared.first.name, compared.second.name)
    columns = ["member_first", "actual", "predicted_first", "predicted_second"]
    return _table((title, "is", *(f"{name} says" for name in names)), rows[columns].head(ROWS).itertuples(index=False))


def _table(headings: tuple[str, ...], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for heading in headings:
        table.add_column(Text(printable(heading)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table
