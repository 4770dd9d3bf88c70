"""Predictions as lines of text for other programs: CSV, JSON lines, and what Kaggle takes as a submission."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.evaluation.predict import TOP
from alexnet_pipe.serving.predict import Prediction


class CsvRows:
    """One row a photograph, with the five most probable classes."""

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str]) -> None:
        self._out = utf8_output()
        self._rows = csv.writer(self._out, lineterminator="\n")
        self._columns = 2 * min(TOP, len(classes))
        numbers = range(1, 1 + self._columns // 2)
        pairs = [f"{name}{number}" for number in numbers for name in ("class", "probability")]
        self._rows.writerow(["photograph", "outcome", "reason", *pairs])

    def show(self, batch: Sequence[Prediction]) -> None:
        for prediction in batch:
            best = [cell for name, share in prediction.best for cell in (name, _digits(share))]
            cells = best or [""] * self._columns
            self._rows.writerow([prediction.photograph, *_outcome(prediction), *cells])
        self._out.flush()


class JsonLines:
    """One JSON object a photograph, each with the same five names."""

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str]) -> None:
        self._out = utf8_output()

    def show(self, batch: Sequence[Prediction]) -> None:
        for prediction in batch:
            outcome, reason = _outcome(prediction)
            content = {
                "photograph": str(prediction.photograph),
                "outcome": outcome,
                "reason": reason or None,
                "classes": [name for name, _ in prediction.best],
                "probabilities": [float(_digits(share)) for _, share in prediction.best],
            }
            print(json.dumps(content, ensure_ascii=False), file=self._out)
        self._out.flush()


class Submission:
    """Kaggle's form: `id,label` with the probability of the second of two classes; of more, a column a class.

    The id is the file's name without its ending. A submission must have all ids, so a refused file gets the same
    probability for every class, and is named on standard error.
    """

    def __init__(self, photographs: Sequence[Path], classes: Sequence[str]) -> None:
        """
        Raises:
            UserError: if two photographs have the same id.
        """
        _refuse_equal_ids(photographs)
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


def utf8_output() -> TextIO:
    """Standard output in UTF-8, where the bytes of a name that is not UTF-8 become `\\udc80` to `\\udcff`.

    So the output can always be read. In JSON, where this is how such a character is written, the name stays exact.
    """
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    return sys.stdout


def _outcome(prediction: Prediction) -> tuple[str, str]:
    return ("refused", str(prediction.refusal)) if prediction.refusal else ("predicted", "")


def _digits(share: float) -> str:
    """All that a float32 has."""
    return f"{share:.9g}"


def _refuse_equal_ids(photographs: Sequence[Path]) -> None:
    first: dict[str, Path] = {}
    for path in photographs:
        other = first.setdefault(path.stem, path)
        if other is not path:
            names = f"{printable(other)} and {printable(path)}"
            raise UserError(f"{names} would have the same id, {printable(path.stem)!r}: rename one, or leave it out")
