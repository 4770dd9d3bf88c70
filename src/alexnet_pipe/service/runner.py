"""A runner on this machine for all that `prefect.yaml` names, with a schedule."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import httpx
import psutil
from prefect.deployments.runner import RunnerDeployment
from prefect.logging import get_logger
from prefect.runner import Runner

from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.processes import end_processes
from alexnet_pipe.service.address import answers, only_one
from alexnet_pipe.service.deployments import flow_names, read_deployments
from alexnet_pipe.service.provision import provision
from alexnet_pipe.service.recovery import bury_runs_by_hand, put_right

_SECONDS = 3
_LAST_SECONDS = 60
"""Prefect gives a run that is cancelled half of it."""

_GRACE = timedelta(seconds=30)


def serve(root: Path, cron: str | None = None) -> None:
    """Run what is due or asked for, one run at a time, until a signal comes; meanwhile the others wait.

    Args:
        root: The project; it becomes the working directory, here and in the runs.
        cron: Takes the place of the schedule in `prefect.yaml`.

    Raises:
        StoppedError: when a signal has ended it; runs at work are cancelled then.
        UserError: if `cron` is no cron expression, or the project is served already.
    """
    os.chdir(root)
    with only_one(root / ".prefect/serve.lock", "this project is served already: use that, or stop it first"):
        deployments = read_deployments(root, cron)
        provision()
        bury_runs_by_hand(root, flow_names(root))
        asyncio.run(_serve(deployments))


async def _serve(deployments: Sequence[RunnerDeployment]) -> None:
    # All flows take the project's lock: a second run would find it taken, so it waits here. The schedule is not paused
    # at the end, so what is missed is made up for, once.
    runner = Runner("alexnet-pipe", limit=1, query_seconds=_SECONDS, pause_on_shutdown=False)
    ids = [await runner.aadd_deployment(each) for each in deployments]
    _wait_for_survivors(ids)
    threading.Thread(target=_keep_right, args=[ids], daemon=True).start()
    await _until_a_signal(runner, f"serving {', '.join(str(each.name) for each in deployments)}")


def _wait_for_survivors(deployments: Sequence[UUID]) -> None:
    if put_right(deployments):
        print("waiting for a run that has outlived its runner", flush=True)
    # Prefect would cancel the runs that wait for its place.
    while put_right(deployments):
        time.sleep(_SECONDS)


async def _until_a_signal(runner: Runner, line: str) -> None:
    loop = asyncio.get_running_loop()
    running = loop.create_task(runner.start())
    await asyncio.sleep(0)  # The runner takes SIGTERM when it starts, and would leave without ending its runs.
    stopped: asyncio.Future[int] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _tell, stopped, number)
    print(line, flush=True)
    either: list[asyncio.Future[Any]] = [running, stopped]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not stopped.done():
        _explain(running.exception())
    await _stop(runner, running)
    raise StoppedError(stopped.result())


async def _stop(runner: Runner, running: asyncio.Task[None]) -> None:
    """Cancel the runs at work; they end too if there is no server that could be told of it."""
    ending = {running, asyncio.create_task(runner.astop())}
    deadline = time.monotonic() + _LAST_SECONDS
    while ending and answers(os.environ["PREFECT_API_URL"]) and time.monotonic() < deadline:
        _, ending = await asyncio.wait(ending, timeout=1)
    end_processes(psutil.Process().children(), _GRACE.total_seconds())


def _tell(stopped: asyncio.Future[int], number: int) -> None:
    if not stopped.done():
        stopped.set_result(number)


def _explain(error: BaseException | None) -> NoReturn:
    if not answers(os.environ["PREFECT_API_URL"]):
        raise UserError("the server has been away for too long: start it, then this again") from None
    raise error or AssertionError("the runner ended by itself")


def _keep_right(deployments: Sequence[UUID]) -> None:
    while True:
        time.sleep(_SECONDS)
        try:
            put_right(deployments, _GRACE)
        except httpx.HTTPError as error:
            get_logger("recovery").warning("the server does not answer: %s", error)
