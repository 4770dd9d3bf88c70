"""Progress of long steps: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alexnet_pipe.base.terminal import spoken

SECONDS_BETWEEN_LINES = 10.0

Advance = Callable[..., None]


def say(text: str) -> None:
    """Print one plain line; a progress bar, if one is drawn, moves out of its way."""
    print(spoken(text), flush=True)


@contextmanager
def progress(task: str, total: int, unit: str) -> Iterator[Advance]:
    """Show how far a step has come; yields `advance(steps=1, note="")`.

    On a terminal this is a bar that goes away at the end. Elsewhere a line is printed every ten seconds.
    """
    bar = _bar if sys.stdout.isatty() else _lines
    with bar(task, total, unit) as advance:
        yield advance


@contextmanager
def _bar(task: str, total: int, unit: str) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit + "  {task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(), transient=True) as bar:
        row = bar.add_task(task, total=total, note="")

        def advance(steps: int = 1, note: str = "") -> None:
            bar.update(row, advance=steps, note=note)

        yield advance


@contextmanager
def _lines(task: str, total: int, unit: str) -> Iterator[Advance]:
    started = last = time.monotonic()
    done = 0

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last < SECONDS_BETWEEN_LINES or not 0 < done < total:
            return
        last = now
        left = (now - started) / done * (total - done)
        say(f"{task}: {done:,} of {total:,} {unit}, {f'{note}, ' if note else ''}{_minutes(left)} left")

    yield advance


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
