"""Errors by slice, and differences of two models by slice; with a correction for many looks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

from alexnet_pipe.base.terminal import with_interval
from alexnet_pipe.evaluation.significance import Comparison, holm, paired, wilson_interval
from alexnet_pipe.evaluation.slices import FEWEST, LEVEL, SPLIT_ORIGIN, Slices


def errors_by_slice(slices: Slices, wrong: NDArray[np.bool_]) -> dict[str, Any]:
    """What `evaluation/slices.json` holds: of each slice its error beside that of all other images, and the worst.

    Intervals are Wilson's, and hold all together in 95 of 100 cases. `p_value` is Fisher's exact test that a slice is
    not worse than the rest, corrected for all slices (Holm). The worst has the highest error of those for which it is
    at most `LEVEL`; if there is none, the lowest `p_value`.
    """
    total, all_wrong = len(wrong), int(wrong.sum())
    counts = [(len(members), int(wrong[members].sum())) for members in slices.members]
    p_values = holm([_not_worse(count, images, all_wrong, total) for images, count in counts])
    rows: list[dict[str, Any]] = []
    for (kind, name), (images, count), p_value in zip(slices.names, counts, p_values, strict=True):
        low, high = wilson_interval(count, images, slices.z)
        row = {"property": kind, "name": name, "images": images, "wrong": count, "error": count / images}
        rest = (all_wrong - count) / (total - images)
        rows.append(row | {"interval": {"low": low, "high": high}, "rest_error": rest, "p_value": p_value})
    left_out = {"split origin": SPLIT_ORIGIN, **slices.left_out}
    worst = _worst(rows) if all_wrong else {}
    return {"examples": total, "looks": len(rows), "worst": worst, "left_out": left_out, "slices": rows}


def _worst(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sure = [row for row in rows if row["p_value"] <= LEVEL]
    if sure:
        return max(sure, key=lambda row: float(row["error"]))
    return min(rows, key=lambda row: (row["p_value"], -row["error"]), default={})


def _not_worse(count: int, images: int, all_wrong: int, total: int) -> float:
    """The probability that at least `count` of all wrong images are among these, if chance alone put them there."""
    # SciPy's statistics would take longer to import than all else that is done here.
    hits = np.arange(count, min(images, all_wrong) + 1)
    ways = _log_ways(all_wrong, hits) + _log_ways(total - all_wrong, images - hits) - _log_ways(total, images)
    return min(1.0, float(np.exp(ways).sum()))


def _log_ways(of: int, chosen: Any) -> Any:
    return np.where(
        chosen <= of, gammaln(of + 1) - gammaln(chosen + 1) - gammaln(np.maximum(0, of - chosen) + 1), -np.inf
    )


def told(found: dict[str, Any]) -> str:
    """The worst slice in one line; `found` is what `errors_by_slice` gives."""
    worst = found["worst"]
    if not worst:
        few = f"no slice has {FEWEST} images and others beside it, so there is no worst one"
        return (
            f"no slice is worse than another: nothing is wrong in any of {found['looks']:,}" if found["looks"] else few
        )
    error = with_interval(worst["error"], **worst["interval"])
    line = f"worst slice: {worst['name']}, {worst['wrong']:,} of {worst['images']:,} wrong, {error}"
    line += f" against {worst['rest_error']:.2%} of the rest"
    beyond = "beyond chance" if worst["p_value"] <= LEVEL else "which chance may explain"
    return f"{line}, {beyond} (p = {worst['p_value']:.2g} after Holm's correction for {found['looks']:,} slices)"


class SliceDifference(NamedTuple):
    """Two models on one slice.

    Attributes:
        property: As in `Slices.names`.
        name: Likewise.
        comparison: The first model and the second.
        low: The difference's interval (Tango); those of all slices hold together in 95 of 100 cases.
        high: Its other end.
        p_value: McNemar's exact test, two-sided, corrected for all slices (Holm).
    """

    property: str
    name: str
    comparison: Comparison
    low: float
    high: float
    p_value: float


def differences_by_slice(
    slices: Slices, wrong_first: "pd.Series[bool]", wrong_second: "pd.Series[bool]"
) -> list[SliceDifference]:
    """Two models by slice, the least probable difference first; both series are in the order of the slices' table."""
    found = [paired(wrong_first.iloc[members], wrong_second.iloc[members]) for members in slices.members]
    p_values = holm([comparison.p_value for comparison in found])
    rows = [
        SliceDifference(*name, comparison, *comparison.interval(slices.z), p_value)
        for name, comparison, p_value in zip(slices.names, found, p_values, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.p_value, -abs(row.comparison.difference[0])))
