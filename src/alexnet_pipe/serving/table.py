"""Predictions as a table that grows, a batch at a time."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alexnet_pipe.errors import UserError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.progress import progress
from alexnet_pipe.serving.predict import Prediction, predictions

_WITHOUT_TERMINAL = 10_000
"""Columns where there is no terminal to end a line."""


def show_predictions(model: Classifier, photographs: Sequence[Path]) -> None:
    """Print one row a photograph; progress goes to standard error unless both are shown on a terminal.

    Raises:
        UserError: at the end, if every file was refused.
    """
    terminal = sys.stdout.isatty()
    # On a terminal, what is written to `sys.stdout` at the time is written above the bar.
    console = Console() if terminal else Console(file=sys.stdout, width=_WITHOUT_TERMINAL)
    widths = _widths(photographs, model.classes, console.width)
    predicted = 0
    with (
        redirect_stdout(sys.stdout if terminal else sys.stderr),
        progress("predict", len(photographs), "photographs") as advance,
    ):
        for number, batch in enumerate(predictions(model, photographs)):
            console.print(_table(batch, widths, heading=number == 0))
            predicted += sum(prediction.refusal is None for prediction in batch)
            advance(len(batch))
    if not predicted:
        raise UserError("no file could be predicted: the table says why")


def _widths(photographs: Sequence[Path], classes: Sequence[str], columns: int) -> list[int]:
    """Of the first two columns, in characters: the same for all batches."""
    longest = [max(cell_len(_shown(name)) for name in names) for names in (photographs, [*classes, "refused"])]
    return [min(width, columns // 3) for width in longest]


def _table(batch: Sequence[Prediction], widths: Sequence[int], heading: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=heading)
    for name, width in zip(("photograph", "class"), widths, strict=True):
        table.add_column(name, width=max(width, len(name)), overflow="fold")
    table.add_column("probability", justify="right", width=len("probability"))
    table.add_column("next")
    for prediction in batch:
        table.add_row(*map(Text, _cells(prediction)))
    return table


def _cells(prediction: Prediction) -> tuple[str, str, str, str]:
    photograph = _shown(prediction.photograph)
    if prediction.refusal:
        return photograph, "refused", "", _shown(prediction.refusal)
    best, *others = [(_shown(name), f"{share:.1%}") for name, share in prediction.probabilities.items()]
    return photograph, *best, ", ".join(map(" ".join, others))


def _shown(name: object) -> str:
    """Names come from outside: nothing in them may steer a terminal."""
    text = str(name)
    return text if text.isprintable() else repr(text)[1:-1]
