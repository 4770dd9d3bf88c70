"""Two versions by slice: what is known of the images of both, and the differences as text."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
from rich.console import RenderableType
from rich.text import Text

from alexnet_pipe.base.terminal import plain_table, printable, with_interval
from alexnet_pipe.evaluation.slice_errors import SliceDifference
from alexnet_pipe.evaluation.slices import COLUMNS, FEWEST, LEVEL

SLICES = 8
"""Slices that are listed at most."""


def properties_of_both(images: pd.DataFrame) -> pd.DataFrame:
    """What is known of the images of `same_images`: by the second version, or else by the first."""
    known = {name: next((each for each in (f"{name}_second", name) if each in images), None) for name in COLUMNS}
    return pd.DataFrame(
        {"actual": images["actual"], **{name: images[column] for name, column in known.items() if column}}
    )


def slice_parts(slices: Sequence[SliceDifference], left_out: Mapping[str, str]) -> Iterator[RenderableType]:
    """The slices that differ, the least probable of them first; and what was looked at."""
    rows = []
    for row in slices[:SLICES]:
        numbers = row.comparison
        if numbers.lost + numbers.won:
            change = with_interval(numbers.difference[0], row.low, row.high, form="+.2%")
            rows.append(
                (row.name, numbers.images, change, f"{numbers.lost:,}", f"{numbers.won:,}", f"{row.p_value:.2g}")
            )
    if rows:
        yield plain_table(("slice", "images", "difference", "lost", "won", "p"), rows)
    yield Text(slices_told(slices, left_out))


def slices_told(slices: Sequence[SliceDifference], left_out: Mapping[str, str]) -> str:
    """How many slices differ beyond chance, by what test, and what was not looked at."""
    unknown = f" Not looked at: {'; '.join(f'{name} ({printable(why)})' for name, why in left_out.items())}."
    if not slices:
        return f"No slice has {FEWEST} of these images, and others beside it.{unknown}"
    said = f"Of {len(slices):,} slices {sum(row.p_value <= LEVEL for row in slices):,} differ beyond chance: "
    said += "p is McNemar's with Holm's correction for all of them, whose intervals hold together in 95 of 100 cases."
    return f"{said}{unknown if left_out else ''}"
