"""Two versions of the project, compared on the test images that both have; the comparison as text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import output_console, plain_table, with_interval
from alexnet_pipe.comparison.by_slice import properties_of_both, slice_parts
from alexnet_pipe.evaluation.significance import Comparison, paired, same_images, share_with_interval
from alexnet_pipe.evaluation.slice_errors import SliceDifference, differences_by_slice
from alexnet_pipe.evaluation.slices import COLUMNS, slices_of
from alexnet_pipe.project.checkout import Checkout, behind, digests, locked_stages, parameters
from alexnet_pipe.project.revisions import Revision, open_revision, results_of

_RESULTS = "evaluate"
_DIGITS = 12
_FILES = Artifacts(Path())


@dataclass(frozen=True)
class Version:
    """What is compared of one revision of the project.

    Attributes:
        revision: Its name, and its files.
        images: One row a test image: `sha256`, `member`, names of the `actual` and, from ten views, the `predicted`
            class, `probability` of the actual class from ten views, and whether it is `top1`, `top1_ten_view`,
            `top5` and `top5_ten_view` wrong; and those of `slices.COLUMNS` that its `evaluate` wrote.
        top5: Whether there are enough classes for a top-5 error to say something.
        parameters: The values that the results were made with, by `section.key`.
        digests: The beginning of those of the weights, and of the model and the 256×256 images as DVC knows them.
        code: MD5 of each file and folder of code that they depend on.
    """

    revision: Revision
    images: pd.DataFrame
    top5: bool
    parameters: Mapping[str, Any]
    digests: Mapping[str, str]
    code: Mapping[str, str]

    @property
    def name(self) -> str:
        """As the user calls it."""
        return self.revision.name


def read_version(name: str) -> Version:
    """The results of `name`: "workspace", or a commit, branch, tag, experiment or stage of the model registry.

    Raises:
        UserError: if there is no such revision, or its results cannot be had.
    """
    root = Path()
    if not (root / "dvc.yaml").exists():
        raise UserError("dvc.yaml is missing: run from the project's top folder")
    revision = open_revision(root, name)
    test, train = (json.loads(revision.read(path)) for path in (_FILES.test_metrics, _FILES.train_metrics))
    stages = behind(locked_stages(Checkout(root), revision.commit), _RESULTS)
    outputs = digests(stages)
    return Version(
        revision=revision,
        images=_tested(revision),
        top5=test["top5_error"] is not None,
        parameters=parameters(stages),
        digests={
            "weights": train["weights_digest"][:_DIGITS],
            **{path: outputs[path][:_DIGITS] for path in (str(_FILES.model), str(_FILES.images)) if path in outputs},
        },
        code={path: digest for path, digest in digests(stages, "deps").items() if path.startswith("src/")},
    )


def _tested(revision: Revision) -> pd.DataFrame:
    table = results_of(revision)
    wrong = {
        f"top{top}{views}": [
            label not in best[:top] for label, best in zip(table["label"], table[f"top5{views}"], strict=True)
        ]
        for views in ("", "_ten_view")
        for top in (1, 5)
    }
    found = table[["sha256", "member", "actual", "predicted", *(name for name in COLUMNS if name in table)]]
    return found.assign(probability=table["label_probability_ten_view"], **wrong)


ROWS = 20
"""Images that are listed of those lost, and of those won."""

_ERRORS = {
    "top-1, ten views": "top1_ten_view",
    "top-1, one view": "top1",
    "top-5, ten views": "top5_ten_view",
    "top-5, one view": "top5",
}
_MISSING = "–"


@dataclass(frozen=True)
class Compared:
    """
    Attributes:
        images: The test images of both, as `same_images` makes them.
        errors: The comparison by each error that says something.
        slices: The comparison of top-1 errors from ten views by slice, the least probable difference first.
        left_out: As in `Slices`.
        differences: What differs of parameters, weights and data: name, and the value in each version.
        code: The files and folders of code that differ.
    """

    first: Version
    second: Version
    images: pd.DataFrame
    errors: Mapping[str, Comparison]
    slices: Sequence[SliceDifference]
    left_out: Mapping[str, str]
    differences: list[tuple[str, str, str]]
    code: list[str]

    @property
    def about(self) -> str:
        """How many test images are compared, in words."""
        counts = [len(version.images) for version in (self.first, self.second)]
        if counts == [len(self.images)] * 2:
            return f"{len(self.images):,} test images, the same in both"
        return f"{len(self.images):,} test images that both have, of {counts[0]:,} and {counts[1]:,}"

    def lost(self) -> pd.DataFrame:
        """The images that only the first gets right from ten views, the largest change of probability first."""
        return self._changed(self.images["top1_ten_view_second"] & ~self.images["top1_ten_view_first"])

    def won(self) -> pd.DataFrame:
        """The images that only the second gets right, likewise."""
        return self._changed(self.images["top1_ten_view_first"] & ~self.images["top1_ten_view_second"])

    def _changed(self, which: "pd.Series[bool]") -> pd.DataFrame:
        change = (self.images["probability_second"] - self.images["probability_first"]).abs()
        order = change[which].sort_values(ascending=False, kind="stable").index
        return self.images.loc[order]


def compare_versions(first: Version, second: Version) -> Compared:
    """Compare two versions image by image.

    Raises:
        UserError: if no test image is in both with the same label.
    """
    images = same_images(first.images, second.images)
    if images.empty:
        raise UserError(
            f"{first.name} and {second.name} have no test image in common, so nobody can say which model is better"
        )
    errors = {
        name: paired(images[f"{column}_first"], images[f"{column}_second"])
        for name, column in _ERRORS.items()
        if not column.startswith("top5") or (first.top5 and second.top5)
    }
    differences = _differ(first.parameters, second.parameters) + _differ(first.digests, second.digests)
    code = [name for name, *_ in _differ(first.code, second.code)]
    slices = slices_of(properties_of_both(images))
    by_slice = differences_by_slice(slices, images["top1_ten_view_first"], images["top1_ten_view_second"])
    return Compared(first, second, images, errors, by_slice, slices.left_out, differences, code)


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
    yield from slice_parts(compared.slices, compared.left_out)
    if compared.differences:
        yield plain_table(("differs", first, second), compared.differences)
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
        shares = [share_with_interval(count, numbers.images) for count in (numbers.first_errors, numbers.second_errors)]
        change = with_interval(*numbers.difference, form="+.2%")
        rows.append((name, *shares, change, f"{numbers.lost:,}", f"{numbers.won:,}", f"{numbers.p_value:.2g}"))
    names = (compared.first.name, compared.second.name)
    return plain_table(("error", *names, "difference", "lost", "won", "p"), rows)


def _images(compared: Compared, title: str, rows: pd.DataFrame) -> Table:
    says = [f"{version.name} says" for version in (compared.first, compared.second)]
    columns = ["member_first", "actual", "predicted_first", "predicted_second"]
    return plain_table((title, "is", *says), rows[columns].head(ROWS).to_numpy())


def _differ(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    names = sorted({*first, *second}, key=[*first, *second].index)
    rows = [(name, _shown(first.get(name, _MISSING)), _shown(second.get(name, _MISSING))) for name in names]
    return [(name, one, other) for name, one, other in rows if one != other]


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)
