"""How a flow starts: where Prefect keeps its state, which server it uses, and what answers a signal."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.signals import exit_on_signals
from alexnet_pipe.base.startup import kept_imports, reach_this_machine_directly
from alexnet_pipe.project.run_lock import bring_back_outputs
from alexnet_pipe.service.address import (
    API,
    TEMPORARY,
    authenticate_client,
    has_server,
    only_database_user,
    require_named_server,
    running_server,
    warn_of_an_open_server,
)
from alexnet_pipe.service.temporary import start_temporary_server

if TYPE_CHECKING:
    from prefect.states import State

_LOOK_AGAIN = 0.2
_ENDS = ("FailedRun", "CancelledRun", "CrashedRun")
"""What Prefect raises at the end of a run that has not succeeded."""
_WITHOUT_BLOCKS = {
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # It would note that the database has them, and the project's own server would believe it.
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}
"""Nobody keeps settings in a server that ends with the run; to list the kinds of them takes it a second."""


def project_folder() -> Path:
    """The current folder, which must be a project's.

    Raises:
        UserError: if it has no flows, or a name that other programs cannot take.
    """
    folder = Path.cwd()
    require_name(folder)
    if not (folder / "flows/pipeline.py").exists():
        raise UserError(f"{folder} has no flows/pipeline.py: run this from the project's folder")
    return folder


def require_name(folder: Path) -> None:
    """
    Raises:
        UserError: if DVC would fill in its path as a template, or Prefect keep its database beside it.
    """
    if signs := sorted({"{", "}", "?"} & {*str(folder)}):
        raise UserError(
            f"{folder}: DVC or Prefect cannot work in a folder with {' '.join(signs)} in its path: rename it"
        )


def awaited_server(root: Path) -> str | None:
    """The API of the server that shows what the project `root` runs: `PREFECT_API_URL`, or the project's own.

    One that is just starting is waited for.

    Raises:
        UserError: if nothing answers at `PREFECT_API_URL`.
    """
    if api := os.environ.get(API):
        require_named_server(api)
        return api
    said = False
    while (server := running_server(root)) is None and has_server(root):
        if not said:
            print("waiting for the server, which does not answer yet", flush=True)
        said = True
        time.sleep(_LOOK_AGAIN)
    if server:
        warn_of_an_open_server(server["api"])
    return server["api"] if server else None


@contextmanager
def server_for_a_run(root: Path) -> Iterator[IO[str] | None]:
    """Wait for a server that is there or starts; if there is none, none can start until the block ends.

    Yields:
        The lock of the project's database, where the run must have a server of its own.

    Raises:
        UserError: if another run has it.
    """
    if awaited_server(root):
        yield None
        return
    with only_database_user(root) as lock:
        yield lock


def run_flow(name: str, parameters: Mapping[str, Any]) -> "State[Any]":
    """Run the flow of `flows/NAME.py` to its end; a signal ends it at once.

    Raises:
        UserError: outside a project, or if another run has a server of its own, or if there can be none.
    """
    folder = project_folder()
    with server_for_a_run(folder) as database:
        exit_on_signals(partial(bring_back_outputs, folder))
        wait = _own_server(folder, database) if database else None
        # The project's, whatever else bears that name.
        sys.path.insert(0, str(folder))
        with kept_imports():
            flow = getattr(import_module(f"flows.{name}"), name)
        if wait:
            wait()
        # In the main thread Prefect would answer SIGTERM itself.
        with ThreadPoolExecutor(1) as thread:
            state: State[Any] = thread.submit(flow, **parameters, return_state=True).result()
    return state


def _own_server(root: Path, database: IO[str]) -> Callable[[], None]:
    """Start it; what waits for it."""
    quiet_and_local(root)
    return start_temporary_server(database)


def quiet_and_local(root: Path) -> None:
    """Set what is not set yet; call it before Prefect is imported.

    Prefect keeps its database below `root`, sends no telemetry, and uses this project's server if that answers; else
    one that ends with the run. Both are sent the project's password.

    Raises:
        UserError: if the server does not take the password.
    """
    reach_this_machine_directly()
    # What a temporary server cannot do at all it answers with an error.
    os.environ.setdefault("PREFECT_LOGGING_SERVER_LEVEL", "CRITICAL")
    quiet_server(root)
    if not os.environ.get(API) and (server := running_server(root)):
        os.environ[API] = server["api"]
    if not os.environ.get(API):
        os.environ |= _WITHOUT_BLOCKS
    if not os.environ.get(TEMPORARY):  # It was given the password, and may not answer yet.
        authenticate_client(root, os.environ.get(API))


def quiet_server(root: Path) -> None:
    """The part of `quiet_and_local` that a server needs as well."""
    settings = {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
        # Kept in memory, the slots of running flows would be lost with the server, and never be free again.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    logging.getLogger("prefect.task_runs").addFilter(_is_news)
    for observer in ("FlowRunCancellingObserver", "FlowRunSuspendingObserver"):
        # Both go on by asking, after the traceback of a connection that has ended with the server.
        logging.getLogger(f"prefect.{observer}").addFilter(lambda record: not record.exc_info)
    logging.getLogger("asyncio").addFilter(_is_failure)
    # A heartbeat that no server takes is none; the next one comes in half a minute, and says so again.
    logging.getLogger("prefect.events.clients").addFilter(lambda record: "Unable to connect" not in str(record.msg))
    logging.getLogger("prefect._internal.concurrency").addFilter(lambda record: "process item" not in str(record.msg))
    # A temporary server has no pages that links could lead to.
    logging.getLogger("prefect.flow_runs").addFilter(_leads_somewhere)
    if "PREFECT__FLOW_RUN_ID" in os.environ:
        _fit_for_a_runner()


def _is_news(record: logging.LogRecord) -> bool:
    # Prefect tells a failure twice, here with the state's inner parts and an empty traceback.
    return not (record.levelno == logging.ERROR and record.getMessage().startswith("Task run failed with state"))


def _is_failure(record: logging.LogRecord) -> bool:
    # The end of asking is none, nor is a worker that has gone before the server has taken its call.
    said = f"{record.getMessage()} {record.exc_info and record.exc_info[1]}"
    return "_handle_polling_task_done" not in said and "WebSocket is not connected" not in said


def _leads_somewhere(record: logging.LogRecord) -> bool:
    return not (os.environ.get(TEMPORARY) and record.getMessage().startswith("View at "))


def _fit_for_a_runner() -> None:
    # Ctrl-C in a terminal is for the worker, which cancels the run; heard here as well, it would look like a crash.
    with suppress(PermissionError):  # Who leads a session has a group of its own.
        os.setpgid(0, 0)
    # A run outlives the runner that reads what it prints; rich would end the run.
    setattr(Console, "on_broken_pipe", lambda _: None)  # noqa: B010
    # Why a run failed is its state; Prefect adds a traceback that leads into Prefect.
    logging.getLogger("prefect.flow_runs").addFilter(
        lambda record: not (record.exc_info and getattr(record.exc_info[0], "__name__", "") in _ENDS)
    )
