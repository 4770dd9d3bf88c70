"""Champion and challenger on the same test images, none of which the champion has learned from."""

import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import undamaged
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import printable, shortened
from alexnet_pipe.evaluation.significance import Comparison, paired
from alexnet_pipe.evaluation.slices import COLUMNS
from alexnet_pipe.preparation.copies import NEAR
from alexnet_pipe.project.checkout import Checkout, call
from alexnet_pipe.project.revisions import Revision, results_of

Ask = Callable[[Sequence[str]], Mapping[str, str]]
"""Takes the SHA-256 of photographs, and gives the class that the champion sees in each, if it can."""


RETEST, REHEARSE = "retest", "rehearse"
"""What `promotion.retest` does, in a process of its own."""


class IncomparableError(Exception):
    """The two cannot be compared; the message tells why."""


@dataclass(frozen=True)
class Results:
    """What a version of the project has learned from, and what it said in its test.

    Attributes:
        photographs: The manifest, one row a photograph: `sha256`, `label` (name of the class), `split`.
        tested: One row a test image: `sha256`, names of the `actual` and the `predicted` class, ten views; and those of
            `slices.COLUMNS` that its `evaluate` wrote.
    """

    photographs: pd.DataFrame
    tested: pd.DataFrame


@dataclass(frozen=True)
class Contest:
    """
    Attributes:
        comparison: The champion is the first.
        asked: How many of the images the champion had not been tested on before.
        left_out: How many test images of the challenger are not among them.
        images: One row an image that both were asked for: `tested` of the challenger, and whether the `first` and the
            `second` are wrong.
    """

    comparison: Comparison
    asked: int
    left_out: int
    images: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False, repr=False)


def read_results(revision: Revision) -> Results:
    """The data and results of a revision.

    Raises:
        UserError: if it has none, or they cannot be had.
    """
    files, columns = Artifacts(Path()), ["sha256", "label", "split"]
    photographs = _rows(revision, files.manifest, columns)
    if revision.files.exists(revision.place(files.rejected)):
        # With resize.near_duplicates = group some are in another split than the manifest says.
        found = _rows(revision, files.rejected, [*columns, "reason"])
        moved = found[found["reason"] == NEAR].drop_duplicates("sha256").set_index("sha256")["split"]
        photographs["split"] = photographs["sha256"].map(moved).fillna(photographs["split"])
    tested = results_of(revision)
    return Results(
        photographs, tested[["sha256", "actual", "predicted", *(name for name in COLUMNS if name in tested)]]
    )


def _rows(revision: Revision, table: Path, columns: list[str]) -> pd.DataFrame:
    with undamaged(table):
        return pd.read_parquet(io.BytesIO(revision.read(table)), columns=columns)


def contest(champion: Results, challenger: Results, ask: Ask) -> Contest:
    """Compare the two by their top-1 errors on the challenger's test images.

    Images that the champion was trained on or validated with are left out. It is asked for those that it was not
    tested on. What each has said counts against the label that the photograph has now.

    Raises:
        IncomparableError: if the two have other classes, or no image is left.
    """
    _refuse_other_classes(champion.photographs, challenger.photographs)
    tested = challenger.tested
    images = tested[~tested["sha256"].isin(_learned_from(champion.photographs))]
    said = champion.tested.drop_duplicates("sha256").set_index("sha256")["predicted"]
    new = images.loc[~images["sha256"].isin(said.index), "sha256"].drop_duplicates()
    answers = pd.Series(ask(list(new)) if len(new) else {}, dtype="str")
    said = pd.concat([said, answers])
    images = images[images["sha256"].isin(said.index)]
    if images.empty:
        raise IncomparableError("there is no test image that it has neither learned from nor can be tested on")
    images = images.assign(
        first=images["sha256"].map(said) != images["actual"], second=images["predicted"] != images["actual"]
    )
    return Contest(
        comparison=paired(images["first"], images["second"]),
        asked=int(images["sha256"].isin(answers.index).sum()),
        left_out=len(tested) - len(images),
        images=images,
    )


def retested(copy: Checkout, revision: str, photographs: Sequence[str]) -> dict[str, str]:
    """What the model of `revision` sees, ten views, in those test images of `copy` that have the SHA-256 `photographs`.

    Nothing, if it needs images that were prepared in another way.

    Raises:
        UserError: if the model cannot be had or used.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder, "photographs.json")
        file.write_text(json.dumps(list(photographs)))
        command = [sys.executable, "-m", "alexnet_pipe.promotion.retest", RETEST, revision, str(file)]
        done = call(copy, command, {"PYTHONPATH": "src"})
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise UserError(f"{revision} could not be tested again: {reason}")
        answers: dict[str, str] = json.loads(file.read_text())
    return answers


def _learned_from(photographs: pd.DataFrame) -> set[str]:
    """Trained on or validated with; a training image that is held out as well was removed from training."""
    train, validation, test = (
        set(photographs.loc[photographs["split"] == split, "sha256"]) for split in ("train", "validation", "test")
    )
    return train - test | validation


def _refuse_other_classes(champion: pd.DataFrame, challenger: pd.DataFrame) -> None:
    before, now = set(champion["label"]), set(challenger["label"])
    changes = [
        f"{what} {shortened([printable(name) for name in sorted(names)])}"
        for what, names in (("new:", now - before), ("gone:", before - now))
        if names
    ]
    if changes:
        raise IncomparableError(f"it has other classes ({'; '.join(changes)})")
