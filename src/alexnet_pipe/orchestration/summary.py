"""The tables that a run ends with, on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from alexnet_pipe.base.terminal import with_interval
from alexnet_pipe.project.dvc import StageRun


def stage_table(runs: Mapping[str, StageRun]) -> Table:
    """One row a stage: what became of it, and the seconds that it took."""
    table = Table("stage", "outcome", box=box.SIMPLE_HEAD)
    table.add_column("seconds", justify="right")
    for stage, run in runs.items():
        table.add_row(stage, run.outcome, f"{run.seconds:.1f}")
    return table


def error_table(metrics: Mapping[str, Any]) -> Table:
    """top-1 and top-5 error, one view and ten, with 95 % intervals, of `metrics/test.json`."""
    table = Table(f"{metrics['examples']:,} test images", box=box.SIMPLE_HEAD)
    table.add_column("one view", justify="right")
    table.add_column("ten views", justify="right")
    for top in (1, 5):
        names = (f"top{top}_error", f"top{top}_error_ten_view")
        table.add_row(f"top-{top} error", *(_percent(metrics[name], metrics[f"{name}_interval"]) for name in names))
    return table


def _percent(error: float | None, interval: Mapping[str, float] | None) -> str:
    if error is None or interval is None:
        return "needs more than five classes"
    return with_interval(error, interval["low"], interval["high"], ".1%")
