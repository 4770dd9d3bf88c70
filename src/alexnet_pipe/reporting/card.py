"""The model card: what a model is, what it is for and not for, as Markdown (Mitchell et al. 2019)."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from alexnet_pipe.reporting.calibration import BINS, calibration
from alexnet_pipe.reporting.classes import class_rows
from alexnet_pipe.reporting.page import count, percent
from alexnet_pipe.reporting.provenance import Provenance
from alexnet_pipe.reporting.results import Results

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>|~#&!@:$])")


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
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(percent=percent, count=count, plain=plain)
    template = environment.from_string((files(__package__) / "card.md.j2").read_text(encoding="utf-8"))
    card = template.render(
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


def plain(text: Any) -> str:
    """Text from the world, in which no character means anything to Markdown, on one line."""
    line = " ".join(str(text).split())
    visible = "".join(character if character.isprintable() else "�" for character in line)
    return _MARKUP.sub(r"\\\1", visible)


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
    counts = rejected.loc[rejected["outcome"] == "refused", "reason"].value_counts()
    return {str(reason): int(counts[reason]) for reason in sorted(counts.index, key=lambda name: (-counts[name], name))}
