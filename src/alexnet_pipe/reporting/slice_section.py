"""Slices: on which parts of the test images it is wrong more often than on the rest."""

from typing import Any

from alexnet_pipe.evaluation.slice_errors import told
from alexnet_pipe.evaluation.slices import FEWEST
from alexnet_pipe.reporting.results import Results

CLASSES = 20
"""Classes that are listed, the least probable first; all of them are in `evaluation/slices.json`."""


def slice_section(results: Results) -> dict[str, Any]:
    """The worst slice in one line, and the table: classes by their p-value, then the other properties in order."""
    found = results.slices
    classes = [row for row in found["slices"] if row["property"] == "class"]
    others = [row for row in found["slices"] if row["property"] != "class"]
    ordered = sorted(classes, key=lambda row: (row["p_value"], -row["error"]))
    return {
        "told": told(found),
        "looks": found["looks"],
        "rows": [*ordered[:CLASSES], *others],
        "more": max(0, len(classes) - CLASSES),
        "left_out": found["left_out"],
        "fewest": FEWEST,
    }
