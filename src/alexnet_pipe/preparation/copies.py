"""Photographs that are in a data set more than once: the same bytes, or nearly the same picture."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.preparation.likeness import near_duplicates


class Finding(NamedTuple):
    """What was found out about the manifest row with the index `row`."""

    row: int
    outcome: str
    reason: str
    detail: str


def exact_copies(manifest: pd.DataFrame) -> pd.DataFrame:
    """Findings about rows whose bytes are those of another row; the index is the manifest's.

    A training image that is also a validation or test image is removed from training, which would otherwise know the
    answer; other copies are only noted, and so is every image whose bytes have two labels.

    Returns:
        outcome ("removed" or "noted"), reason ("duplicate" or "label conflict"), detail.
    """
    known = manifest[manifest["sha256"] != ""]
    repeated = known[known.duplicated("sha256", keep=False)]
    findings = [finding for _, group in repeated.groupby("sha256", sort=False) for finding in _findings(group)]
    return _table(findings)


def near_copies(rows: pd.DataFrame, hashes: NDArray[np.uint8]) -> pd.DataFrame:
    """Findings about rows whose picture is nearly that of an earlier row, but whose bytes are not.

    Args:
        rows: Manifest rows of usable images.
        hashes: The difference hash of each, uint8 `(len(rows), 32)`.
    """
    digests, names = rows["sha256"].to_numpy(), _names(rows)
    findings: dict[int, Finding] = {}
    for first, second in near_duplicates(hashes).tolist():
        if digests[first] != digests[second]:
            index = int(rows.index[second])
            findings.setdefault(index, Finding(index, "noted", "near-duplicate", f"looks like {names[first]}"))
    return _table(list(findings.values()))


def _findings(copies: pd.DataFrame) -> Iterator[Finding]:
    """About rows with equal bytes."""
    held_out = (copies["split"] != "train").to_numpy()
    names, original = _names(copies), int(held_out.argmax())
    labels = sorted(copies["label"].unique())
    for position, index in enumerate(copies.index):
        if position != original:
            outcome = "noted" if held_out[position] or not held_out.any() else "removed"
            yield Finding(index, outcome, "duplicate", f"same bytes as {names[original]}")
        if len(labels) > 1:
            yield Finding(index, "noted", "label conflict", f"same bytes, labelled {', '.join(labels)}")


def _names(rows: pd.DataFrame) -> list[str]:
    return [f"{member} ({label}, {split})" for member, label, split in rows[["member", "label", "split"]].to_numpy()]


def _table(findings: Sequence[Finding]) -> pd.DataFrame:
    return pd.DataFrame(findings, columns=list(Finding._fields)).set_index("row").astype("str")
