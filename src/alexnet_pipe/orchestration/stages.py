"""The stages of a pipeline as Prefect tasks, each a call of DVC, and what a run shows of them."""

import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import networkx
import numpy as np
from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed, State

from alexnet_pipe.base.errors import TransientError
from alexnet_pipe.base.files import load_table
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.dvc import DvcError, Graph, Outcome, StageRun, reproduce, run_dvc, up_to_date
from alexnet_pipe.project.run_lock import goes_on
from alexnet_pipe.service.address import running_server
from alexnet_pipe.service.provision import gpu_tags

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ON_GPU = frozenset({"train", "evaluate"})
_AGAIN_AFTER = [5.0, 30.0, 120.0]
"""Seconds before a download that failed for the moment is tried again."""


def run_stages(checkout: Checkout, graph: Graph, force: Collection[str] = ()) -> dict[str, StageRun]:
    """Have DVC bring the stages of `graph` up to date, those side by side that do not need each other.

    Stages in `force` run even if nothing changed. A failed one has its reason, and those behind it have not been
    reached.
    """
    same = up_to_date(checkout.root, graph) if not force else frozenset()
    futures: dict[str, PrefectFuture[Any]] = {}
    for stage, before in graph.items():
        futures[stage] = _task_of(checkout, stage, stage in same).submit(
            stage,
            checkout,
            stage in force,
            stage in same,
            wait_for=[futures[name] for name in before],
            return_state=False,
        )
    states = {stage: future.wait() or future.state for stage, future in futures.items()}
    return {stage: _stage_run(state) for stage, state in states.items()}


def failure(runs: Mapping[str, StageRun]) -> str | None:
    """Stage and reason of the first failure, if there is one."""
    return next((f"{stage}: {run.reason}" for stage, run in runs.items() if run.outcome is Outcome.FAILED), None)


@task
def _run_stage(stage: str, checkout: Checkout, force: bool, same: bool) -> State[StageRun]:
    """Have DVC bring one stage up to date; `same` if it has said already that it is."""
    started = time.monotonic()
    if not goes_on(checkout):
        return Failed(message="the run was cancelled")
    try:
        outcome = Outcome.UNCHANGED if same else reproduce(checkout, stage, get_run_logger().info, force)
    except DvcError as error:
        return Failed(message=str(error))
    run = StageRun(outcome, time.monotonic() - started)
    if outcome is Outcome.RAN:
        return Completed(message=f"ran in {run.seconds:.0f} s", data=run)
    return Completed(name="Cached", message=outcome, data=run)


def _task_of(checkout: Checkout, stage: str, same: bool) -> Any:
    # A stage that is left alone waits for no GPU.
    tags = gpu_tags() if stage in _ON_GPU and not same else []
    named = _run_stage.with_options(name=stage, task_run_name=stage, tags=tags)
    if stage != "download":
        return named
    return named.with_options(
        retries=len(_AGAIN_AFTER),
        retry_delay_seconds=_AGAIN_AFTER,
        retry_condition_fn=partial(_may_succeed_later, checkout),
    )


async def _may_succeed_later(checkout: Checkout, task: Any, task_run: Any, state: State[StageRun]) -> bool:
    # A cancelled run has ended its download, which then has failed as well.
    return goes_on(checkout) and (state.message or "").startswith(TransientError.PREFIX)


def _stage_run(state: State[StageRun]) -> StageRun:
    if state.is_completed():
        return state.result()
    if state.is_failed():
        return StageRun(Outcome.FAILED, 0.0, state.message or "")
    return StageRun(Outcome.NOT_REACHED, 0.0)


_HEADING = 2
"""Lines."""

_COLOURS = {
    Outcome.RAN: "#3b82c4",
    Outcome.UNCHANGED: "#8a8f98",
    Outcome.CACHED: "#4d9a6a",
    Outcome.FAILED: "#c8423b",
    Outcome.NOT_REACHED: "#b4b8be",
}
_LABELS = {Outcome.CACHED: "from the cache"}
_LENGTH, _HEIGHT = 0.78, 0.56
"""Of a box; the next one stands 1 away."""

Places = Mapping[str, tuple[float, float]]


def publish(checkout: Checkout, graph: Graph, runs: Mapping[str, StageRun]) -> None:
    """Attach to the Prefect run what became of the stages, and what they have made so far."""
    # Slow to import, and not needed before the stages have run.
    from alexnet_pipe.reporting.templates import picture, plot

    artifacts = Artifacts(checkout.root)
    create_image_artifact(
        plot(pipeline_picture(graph, runs)),
        key="pipeline-picture",
        description="What ran, what was up to date or came from the cache, and how long each stage took.",
    )
    create_markdown_artifact(_metrics(checkout), key="metrics", description="Metrics beside those of the last commit.")
    if artifacts.mean.exists():
        create_image_artifact(
            picture(np.load(artifacts.mean)), key="mean-image", description="The mean of all training images."
        )
    if artifacts.history.exists():
        from alexnet_pipe.reporting.training_section import error_curve

        create_image_artifact(
            plot(error_curve(load_table(artifacts.history))),
            key="learning-curve",
            description="Top-1 error on the training and validation images by epoch.",
        )
    if artifacts.report.exists():
        create_link_artifact(_report_link(checkout), key="report", description=f"The report: {artifacts.report}")


def _metrics(checkout: Checkout) -> str:
    """A table of metric, last commit, this run and change."""
    lines = run_dvc(checkout, ["metrics", "diff", "--all", "--md", "--precision", "4"])
    table = [line for line in lines if line.startswith("|")]
    return "\n".join(table) if len(table) > _HEADING else "There is no commit to compare with."


def _report_link(checkout: Checkout) -> str:
    """The report of the project, or of a challenger in it: from the project's server, or else as a file."""
    server = running_server(checkout.project)
    if server is None:
        return Artifacts(checkout.root).report.resolve().as_uri()
    return f"{server['reports']}/{'report' if checkout.home is None else 'challenger'}/"


def pipeline_picture(graph: Graph, runs: Mapping[str, StageRun]) -> "Figure":
    """A box a stage, with its outcome and the time that it took; arrows follow the data."""
    from matplotlib.figure import Figure

    edges = networkx.DiGraph(graph).reverse()
    places = _places(edges, list(graph))
    columns = max(x for x, _ in places.values()) + 1
    figure = Figure(figsize=(1.55 * columns, 3.1), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(-1.0, 1.0)
    for start, end in networkx.transitive_reduction(edges).edges:
        _arrow(axes, places[start], places[end])
    for stage, place in places.items():
        _box(axes, place, stage, runs[stage])
    return figure


def _places(edges: networkx.DiGraph, order: list[str]) -> Places:
    """A stage stands right of all that it needs; those that do not need each other stand below one another."""
    columns = [sorted(column, key=order.index) for column in networkx.topological_generations(edges)]
    return {
        stage: (float(column), (len(stages) - 1) / 2 - row)
        for column, stages in enumerate(columns)
        for row, stage in enumerate(stages)
    }


def _box(axes: "Axes", place: tuple[float, float], stage: str, run: StageRun) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = place
    corner = (x - _LENGTH / 2, y - _HEIGHT / 2)
    colour = _COLOURS[run.outcome]
    shape = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch(corner, _LENGTH, _HEIGHT, boxstyle=shape, facecolor=colour, edgecolor="none"))
    lines = [_LABELS.get(run.outcome, str(run.outcome))]
    if run.outcome not in (Outcome.FAILED, Outcome.NOT_REACHED):
        lines.append(duration(run.seconds))
    axes.text(x, y + 0.13, stage, ha="center", va="center", fontsize=10, fontweight="bold", color="white")
    axes.text(x, y - 0.09, "\n".join(lines), ha="center", va="center", fontsize=8, color="white")


def _arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        xy=(end[0] - _LENGTH / 2, end[1]),
        xytext=(start[0] + _LENGTH / 2, start[1]),
        arrowprops={"arrowstyle": "-|>", "color": "#8a8f98", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
    )


def duration(seconds: float) -> str:
    """Seconds as a person would say them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"
