"""Robustness: what common corruptions of photographs cost, of a few in every run, of all fifteen when it was asked."""

from typing import Any

from matplotlib.figure import Figure

from alexnet_pipe.evaluation.corruptions import CORRUPTIONS, corrupted
from alexnet_pipe.evaluation.robustness import corruption_rows, severity_means
from alexnet_pipe.portable.training_summary import POINTS, QUANTITIES, Summary
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.templates import BLUE, INK, ORANGE, drawing, new_figure

SHOWN = 3
"""The severity of the pictures."""

_KINDS = {"noise": (ORANGE, "s"), "blur": (BLUE, "o"), "weather": (INK, "^"), "digital": (INK, "x")}


def robustness_section(results: Results, whole: dict[str, Any] | None) -> dict[str, Any]:
    """Table, pictures of one photograph, and if `whole`, what the command has measured, is of this model, a curve."""
    found = whole or results.test_metrics["robustness"]
    photograph = results.test[0]
    rows = corruption_rows(found)
    for row in rows:
        row["title"] = title(row["name"])
        row["pixels"] = corrupted(photograph, row["name"], SHOWN)
    severities = list(rows[0]["errors"])
    return {
        "found": found,
        "whole": whole is not None,
        "rows": rows,
        "severities": severities,
        "clean": found["clean"] / found["examples"],
        "all": len(CORRUPTIONS),
        "shown": SHOWN,
        "summary": results.summary,
        "likeness": likeness_rows(results.summary) if results.summary else [],
        "curve": drawing(severity_figure(found), "severity") if len(severities) > 1 else None,
    }


def likeness_rows(summary: Summary) -> list[dict[str, Any]]:
    """Of each quantity that drift is found by: what it is, and between what values nine in ten photographs lie."""
    low, middle, high = POINTS // 20, POINTS // 2, POINTS - 1 - POINTS // 20
    return [
        {"name": name, "is": QUANTITIES[name], "low": values[low], "median": values[middle], "high": values[high]}
        for name, values in summary.quantiles.items()
    ]


def title(name: str) -> str:
    """What a corruption is called: "gaussian noise"."""
    return name.replace("_", " ").replace("gaussian", "Gaussian").replace("jpeg", "JPEG")


def severity_figure(found: dict[str, Any]) -> Figure:
    """Mean error by severity, of each kind of corruptions and of all."""
    figure, axes = new_figure("severity", "error (%)")
    kinds = dict.fromkeys(row["kind"] for row in corruption_rows(found))
    for kind in kinds:
        means, (colour, marker) = severity_means(found, kind), _KINDS[kind]
        values = [100 * mean for mean in means.values()]
        axes.plot(list(means), values, color=colour, marker=marker, markersize=4, linewidth=1, label=kind)
    means = severity_means(found)
    axes.plot(list(means), [100 * mean for mean in means.values()], color=INK, linewidth=2.5, label="all")
    axes.set_ylim(bottom=0)
    axes.set_xticks(list(means))
    axes.legend(frameon=False, labelcolor=INK)
    return figure
