"""Prefect's process worker on this machine, for all that `prefect.yaml` names: one run at a time."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import httpx
import psutil
from prefect._internal import observers
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists
from prefect.utilities.services import critical_service_loop
from prefect.workers.process import ProcessWorker
from pydantic import ValidationError

from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.signals import end_processes
from alexnet_pipe.base.startup import PROGRAM
from alexnet_pipe.service.address import REFUSED, answers, only_one
from alexnet_pipe.service.caretaker import WORKER, cancel_all, look_after, settle_at_start
from alexnet_pipe.service.provision import CRON, POOL, is_deployed, refuse_unknown_parameters

_PATIENCE = 10_000
"""Failures in a row, ten seconds apart, after which it may give up."""

_SERVED = "this project is served already: use that, or stop it first"


with warnings.catch_warnings():
    # It takes the place of the worker that Prefect has registered under its type.
    warnings.simplefilter("ignore", UserWarning)

    class PatientWorker(ProcessWorker):
        """Prefect's worker prints tracebacks while the server is away, and ends; this one says it once, and waits."""

        away = False

        async def get_and_submit_flow_runs(self) -> list[Any]:
            return await self._patiently(super().get_and_submit_flow_runs()) or []

        async def _sync_and_initialize(self) -> None:
            await self._patiently(super()._sync_and_initialize())

        async def _patiently(self, asked: Any) -> Any:
            try:
                answer = await asked
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 500
                if status == httpx.codes.UNAUTHORIZED:
                    raise UserError(REFUSED) from None
                if status < 500:
                    raise
                if not self.away:
                    print("serve: the server does not answer; waiting for it", flush=True)
                self.away = True
                return None
            if self.away:
                print("serve: the server is back", flush=True)
            self.away = False
            return answer


def serve(root: Path, cron: str | None = None) -> None:
    """Run what is due or asked for, one run at a time, until a signal comes; what a person asked for meanwhile waits.

    Args:
        root: The project; it becomes the working directory, here and in the runs.
        cron: When to retrain, in the place of the schedule in `prefect.yaml`.

    Raises:
        StoppedError: when a signal has ended it; runs at work are cancelled then.
        UserError: if `cron` is no cron expression, or the project is served already.
    """
    os.chdir(root)
    # Prefect's watch for cancelled runs gives up for good, with tracebacks, when the server is away for half a minute.
    patiently = partial(critical_service_loop, consecutive=_PATIENCE, printer=_nothing)
    setattr(observers, "critical_service_loop", patiently)  # noqa: B010
    if cron is not None:
        _check(cron)
    with only_one(root / ".prefect/serve.lock", _SERVED):
        _make_pool()
        _deploy(cron)
        refuse_unknown_parameters()
        settle_at_start()
        # Prefect has one folder in /tmp for all workers of a machine, which is the user's whose worker came first.
        tempfile.tempdir = str(root / ".prefect")
        asyncio.run(_work())


def _check(cron: str) -> None:
    try:
        CronSchedule(cron=cron)
    except ValidationError:
        raise UserError(
            f'{cron!r} is no cron expression: write one as "0 3 * * *", which is every night at three'
        ) from None


def _make_pool() -> None:
    """One run of the pool at a time, whoever works for it: all flows take the project's lock."""
    pool = WorkPoolCreate(
        name=POOL,
        type="process",
        base_job_template=ProcessWorker.get_default_base_job_template(),
        concurrency_limit=1,
    )
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=1))


def _deploy(cron: str | None) -> None:
    """Have Prefect deploy what `prefect.yaml` says, as a user would, unless the server has just that."""
    if is_deployed(cron):
        return
    done = subprocess.run(
        [sys.executable, "-m", PROGRAM, "prefect", "--no-prompt", "deploy", "--all"],
        env={**os.environ, CRON: cron} if cron else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise UserError(f"`prefect deploy --all` failed: {said[-1] if said else done.returncode}")


async def _work() -> None:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _tell, stopped, number)
    worker = PatientWorker(work_pool_name=POOL, name=WORKER, limit=1)
    working: set[asyncio.Future[Any]] = {
        asyncio.create_task(worker.start(printer=_nothing)),
        asyncio.create_task(look_after()),
    }
    print(f"serving the deployments of prefect.yaml from the work pool {POOL}", flush=True)
    await asyncio.wait({*working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not stopped.done():
        raise next(error for task in working if task.done() and (error := task.exception()))
    begun = _children()
    ending = asyncio.create_task(_end(working, begun))
    unanswered = 0
    while not ending.done():
        # It may end at the same moment, as when the machine is shut down.
        unanswered = 0 if await asyncio.to_thread(answers, os.environ["PREFECT_API_URL"]) else unanswered + 1
        if unanswered == 3:
            _leave(stopped.result(), begun)
        await asyncio.wait({ending}, timeout=1)
    await ending
    # Their stages may be at work for a moment longer than the runs.
    end_processes(begun | _children())
    raise StoppedError(stopped.result())


async def _end(working: set["asyncio.Future[Any]"], begun: set[psutil.Process]) -> None:
    """Cancel the runs, then the tasks `working`; what the runs have at work until then is added to `begun`."""
    with suppress(httpx.HTTPError):
        await cancel_all()
    # A task that is cancelled kills the process of its run, and what that has started is nobody's child then.
    begun |= _children()
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _leave(number: int, begun: set[psutil.Process]) -> NoReturn:
    """End `begun`, the runs at work and this process without a server: Prefect would try for minutes to tell it."""
    end_processes(begun | _children())
    stopped = StoppedError(number)
    print(stopped, flush=True)
    os._exit(0 if number == signal.SIGTERM else stopped.status)


def _tell(stopped: "asyncio.Future[int]", number: int) -> None:
    if not stopped.done():
        stopped.set_result(number)


def _nothing(*_: object) -> None:
    """Prefect's worker says that it starts; we say what it serves."""
