"""The pipeline's stages as Prefect tasks: one task a DVC stage, in DVC's order."""

import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from prefect import get_run_logger, task
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed, State

from alexnet_pipe.base.errors import TransientError
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.dvc import DvcError, Outcome, StageRun, reproduce
from alexnet_pipe.project.graph import Graph, up_to_date
from alexnet_pipe.project.run_lock import goes_on
from alexnet_pipe.service.provision import gpu_tags

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
