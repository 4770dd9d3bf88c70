"""Predictions as a table that grows, a batch at a time."""

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from alexnet_pipe.base.terminal import output_console, printable
from alexnet_pipe.serving.predict import Prediction


class PredictionTable:
    """One row a photograph, for people."""

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str]) -> None:
        self._console = output_console()
        longest = [max(cell_len(printable(name)) for name in names) for names in (photographs, [*classes, "refused"])]
        # Of the first two columns, in characters: the same for all batches.
        self._widths = [min(width, self._console.width // 3) for width in longest]
        self._heading = True

    def show(self, batch: Sequence[Prediction]) -> None:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=self._heading)
        self._heading = False
        for name, width in zip(("photograph", "class"), self._widths, strict=True):
            table.add_column(name, width=max(width, len(name)), overflow="fold")
        table.add_column("probability", justify="right", width=len("probability"))
        table.add_column("next")
        for prediction in batch:
            table.add_row(*map(Text, _cells(prediction)))
        self._console.print(table)


def _cells(prediction: Prediction) -> tuple[str, str, str, str]:
    photograph = printable(prediction.photograph)
    if prediction.refusal:
        return photograph, "refused", "", printable(prediction.refusal)
    best, *others = [(printable(name), f"{share:.1%}") for name, share in prediction.best]
    return photograph, *best, ", ".join(map(" ".join, others))
