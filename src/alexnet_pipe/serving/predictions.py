"""What a classifier makes of photographs, from ten views (paper, section 4.1), a batch at a time, shown as it comes.

A table for people; CSV, JSON lines and Kaggle's submissions for other programs.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import Advance, progress
from alexnet_pipe.base.terminal import defused, json_text, output_console, printable, utf8_output
from alexnet_pipe.evaluation.ten_views import BATCH, TOP, Network, ten_view_answers
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving.named_files import prepared, refuse_equal_ids


class Prediction(NamedTuple):
    """Of one photograph the probability of every class, by name, best first; or why it was refused.

    It is unsure if the most probable class has less than `min_confidence`: then none is told.
    """

    photograph: Path
    probabilities: Mapping[str, float]
    refusal: RefusedError | None = None
    top: int = TOP
    """How many classes are told."""
    min_confidence: float = 0.0

    @property
    def best(self) -> list[tuple[str, float]]:
        """The `top` most probable classes, best first; none if it is unsure."""
        return list(islice(self.probabilities.items(), self.top if self.outcome == "predicted" else 0))

    @property
    def outcome(self) -> str:
        """`predicted`, `refused` or `unsure`."""
        if self.refusal:
            return "refused"
        return "unsure" if max(self.probabilities.values()) < self.min_confidence else "predicted"

    @property
    def reason(self) -> str | None:
        """Why it is refused or unsure."""
        if self.outcome != "unsure":
            return str(self.refusal) if self.refusal else None
        name, share = next(iter(self.probabilities.items()))
        return f"{name} has {_digits(share)}, less than {_digits(self.min_confidence)}"


def predictions(network: Network, photographs: Iterable[Path]) -> Iterator[list[Prediction]]:
    """One prediction a photograph, in order, in lists of at most `BATCH`; only one batch of them is in memory."""
    params = ResizeParams.model_validate(network.resize)
    remaining = iter(photographs)
    while batch := list(islice(remaining, BATCH)):
        yield predicted(network, [(path, partial(prepared, path, params)) for path in batch])


def predicted(network: Network, batch: Sequence[tuple[Path, Callable[[], NDArray[np.uint8]]]]) -> list[Prediction]:
    """One prediction each of what is called so; its pixels are uint8 `(256, 256, 3)`, or a `RefusedError`."""
    found = [_pixels_or_refusal(pixels) for _, pixels in batch]
    usable = [pixels for pixels in found if not isinstance(pixels, RefusedError)]
    shares: Iterable[NDArray[np.floating]] = ten_view_answers(network, np.stack(usable)) if usable else []
    rows = (by_name(network.classes, row) for row in shares)
    return [
        Prediction(path, {}, of) if isinstance(of, RefusedError) else Prediction(path, next(rows))
        for (path, _), of in zip(batch, found, strict=True)
    ]


def _pixels_or_refusal(pixels: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8] | RefusedError:
    try:
        return pixels()
    except RefusedError as refusal:
        return refusal


def by_name(classes: Sequence[str], shares: NDArray[np.floating]) -> dict[str, float]:
    """Probabilities `(classes,)` by name, best first; among equals the lower label, as in the evaluation."""
    return {classes[label]: float(np.float32(shares[label])) for label in np.argsort(-shares, kind="stable")}


class Rows(Protocol):
    """Prints predictions to standard output, made from all photographs and the class names."""

    def show(self, batch: Sequence[Prediction]) -> None: ...


class PredictionTable:
    """One row a photograph, for people."""

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str], top: int = TOP) -> None:
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


class CsvRows:
    """One row a photograph, with the most probable classes; names are `defused`."""

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str], top: int = TOP) -> None:
        self._out = utf8_output()
        numbers = range(1, 1 + min(top, len(classes)))
        pairs = [f"{name}{number}" for number in numbers for name in ("class", "probability")]
        self._rows = csv.DictWriter(self._out, ["photograph", "outcome", "reason", *pairs], lineterminator="\n")
        self._rows.writeheader()

    def show(self, batch: Sequence[Prediction]) -> None:
        for prediction in batch:
            row = row_of(prediction)
            row |= {name: _digits(cell) for name, cell in row.items() if isinstance(cell, float)}
            shown = printable if self._out.isatty() else str
            self._rows.writerow({key: None if cell is None else shown(defused(cell)) for key, cell in row.items()})
        self._out.flush()


def row_of(prediction: Prediction) -> dict[str, Any]:
    """`photograph`, `outcome`, `reason`, and the most probable classes as `class1`, `probability1`, and so on."""
    row: dict[str, Any] = {"photograph": prediction.photograph}
    row |= {"outcome": prediction.outcome, "reason": prediction.reason}
    for number, (name, share) in enumerate(prediction.best, 1):
        row |= {f"class{number}": name, f"probability{number}": share}
    return row


class JsonLines:
    """One JSON object a photograph, each with the same names."""

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str], top: int = TOP) -> None:
        self._out = utf8_output()

    def show(self, batch: Sequence[Prediction]) -> None:
        for prediction in batch:
            print(json_text(json_row(prediction)), file=self._out)
        self._out.flush()


def json_row(prediction: Prediction) -> dict[str, Any]:
    """`photograph`, `outcome`, `reason`, and lists of the most probable `classes` and their `probabilities`."""
    names, shares = [name for name, _ in prediction.best], [float(_digits(share)) for _, share in prediction.best]
    outcome = {"photograph": str(prediction.photograph), "outcome": prediction.outcome, "reason": prediction.reason}
    return {**outcome, "classes": names, "probabilities": shares}


class Submission:
    """Kaggle's form: `id,label` with the probability of the second of two classes; of more, a column a class.

    The id is the file's name without its ending. A submission must have all ids, so a refused file gets the same
    probability for every class, and is named on standard error.
    """

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str], top: int = TOP) -> None:
        """
        Raises:
            UserError: if two photographs have the same id.
        """
        refuse_equal_ids(photographs)
        self._classes = classes[1:] if len(classes) == 2 else classes
        self._guess = 1 / len(classes)
        self._out = utf8_output()
        self._rows = csv.writer(self._out, lineterminator="\n")
        self._rows.writerow(["id", *(["label"] if len(classes) == 2 else classes)])

    def show(self, batch: Sequence[Prediction]) -> None:
        for prediction in batch:
            if prediction.refusal:
                reason = f"{printable(prediction.photograph)}: {printable(prediction.refusal)}"
                print(f"refused, {self._guess:.3g} is written: {reason}", file=sys.stderr)
            shares = [prediction.probabilities.get(name, self._guess) for name in self._classes]
            self._rows.writerow([prediction.photograph.stem, *map(_digits, shares)])
        self._out.flush()


FORMS: Mapping[str, Callable[[Sequence[Path], Sequence[str], int], Rows]] = MappingProxyType(
    {"table": PredictionTable, "csv": CsvRows, "json": JsonLines, "submission": Submission}
)


def show_predictions(
    network: Network, photographs: Sequence[Path], form: str = "table", top: int = TOP, min_confidence: float = 0.0
) -> None:
    """Print one row a photograph, with its `top` most probable classes, or unsure, in one of `FORMS`.

    Raises:
        UserError: at the end, if every file was refused, and as the form does.
    """
    rows = FORMS[form](photographs, network.classes, top)
    predicted = 0
    with _progress(len(photographs), form) as advance:
        for batch in predictions(network, photographs):
            rows.show([prediction._replace(top=top, min_confidence=min_confidence) for prediction in batch])
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


def _cells(prediction: Prediction) -> tuple[str, str, str, str]:
    photograph = printable(prediction.photograph)
    if prediction.reason:
        return photograph, prediction.outcome, "", printable(prediction.reason)
    best, *others = [(printable(name), f"{share:.1%}") for name, share in prediction.best]
    return photograph, *best, ", ".join(map(" ".join, others))


def _digits(share: float) -> str:
    """All that a float32 has."""
    return f"{share:.9g}"
