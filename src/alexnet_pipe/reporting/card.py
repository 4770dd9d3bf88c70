"""The model card: what a model is, what it is for and not for, as Markdown (Mitchell et al. 2019)."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alexnet_pipe.reporting.class_section import BINS, calibration, class_rows
from alexnet_pipe.reporting.provenance import Provenance
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import rendered


def model_card(
    results: Results, parameters: Mapping[str, Mapping[str, Any]], source: Mapping[str, Any], origin: Provenance
) -> str:
    """Markdown for GitHub: the same for the same results, however long the run took.

    Args:
        results: What the stages left.
        parameters: Section, key and value of the configuration.
        source: What was downloaded: `source`, `location` and `version`.
        origin: Which code and data made the results.
    """
    card = rendered(
        "reporting/card.md.j2",
        test=results.test_metrics,
        train=results.train_metrics,
        data=results.data_metrics,
        parameters=parameters,
        source=source,
        origin=origin,
        reasons=_reasons(results.rejected),
        bins=BINS,
        calibration=calibration(results.predictions),
        **_class_tables(results),
    )
    return f"{card}\n"


def _class_tables(results: Results) -> dict[str, Any]:
    """The classes with test images, the lowest recall first; of many the worst and the best."""
    tested = results.classes["images"] > 0
    names = tuple(name for name, has in zip(results.test.classes, tested, strict=True) if has)
    rows = class_rows(results.classes[tested], names)
    worst = len(rows) if len(rows) == len(names) else len(rows) // 2
    smallest = int(results.classes["images"][tested].min())
    return {"worst": rows[:worst], "best": rows[worst:], "tested": len(names), "smallest": smallest}


def _reasons(rejected: pd.DataFrame) -> dict[str, int]:
    """How many files were refused for each reason, the most frequent first."""
    counts = rejected.loc[rejected["outcome"] == "refused", "reason"].value_counts().sort_index()
    return {str(reason): int(n) for reason, n in counts.sort_values(ascending=False, kind="stable").items()}
