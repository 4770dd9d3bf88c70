"""Predict photographs, and show what comes out as it comes."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import Advance, progress
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.serving.predict import Prediction, predictions
from alexnet_pipe.serving.rows import CsvRows, JsonLines, Submission
from alexnet_pipe.serving.table import PredictionTable


class Rows(Protocol):
    """Prints predictions to standard output, made from all photographs and the class names."""

    def show(self, batch: Sequence[Prediction]) -> None: ...


FORMS: Mapping[str, Callable[[Sequence[Path], Sequence[str]], Rows]] = MappingProxyType(
    {"table": PredictionTable, "csv": CsvRows, "json": JsonLines, "submission": Submission}
)


def show_predictions(model: Classifier, photographs: Sequence[Path], form: str = "table") -> None:
    """Print one row a photograph in one of `FORMS`.

    Raises:
        UserError: at the end, if every file was refused, and as the form does.
    """
    rows = FORMS[form](photographs, model.classes)
    predicted = 0
    with _progress(len(photographs), form) as advance:
        for batch in predictions(model, photographs):
            rows.show(batch)
            predicted += sum(prediction.refusal is None for prediction in batch)
            advance(len(batch))
    if not predicted:
        raise UserError("no file could be predicted; the reasons stand above")


@contextmanager
def _progress(total: int, form: str) -> Iterator[Advance]:
    """On standard error, unless standard output is a terminal: below a table there, and not at all among other rows."""
    terminal = sys.stdout.isatty()
    if terminal and form != "table":
        yield lambda steps: None
        return
    with redirect_stdout(sys.stdout if terminal else sys.stderr), progress("predict", total, "photographs") as advance:
        yield advance
