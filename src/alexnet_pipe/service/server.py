"""Prefect's server and the reports' pages, on this machine alone, in one process."""

import asyncio
import logging
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.own_pages import OwnPagesOnly, in_one_line
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.startup import kept_imports
from alexnet_pipe.service.address import (
    ORIGINS,
    PASSWORD,
    SERVER,
    authenticate_server,
    authentication,
    only_server,
    publish_address,
)

if TYPE_CHECKING:
    from uvicorn import Server

_PORT = "PREFECT_SERVER_API_PORT"
_DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
_KINDS = {"sqlite+aiosqlite": "SQLite", "postgresql+asyncpg": "PostgreSQL"}
_SECOND_AT = re.compile(r"://[^:/]*:[^@]*@.*@")
_AWAY = (ConnectionError, TimeoutError, socket.gaierror)
_SECONDS = 60.0


def run_server(root: Path) -> None:
    """Serve the project `root` until a signal comes; the address is printed once the server answers.

    Raises:
        UserError: if there is such a server already, or port or database cannot be had.
    """
    with only_server(root), _listening(os.environ.get(_PORT, "4200")) as listener:
        port = listener.getsockname()[1]
        # Links in notifications and the pages of the UI point to this server, whatever the shell has set.
        api = os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        authenticate_server(root, f"http://127.0.0.1:{port}", f"http://localhost:{port}")
        # Prefect takes seconds to import: what is wrong with lock and port is said before.
        with kept_imports():
            kind = asyncio.run(database_kind())
        with listening(port + 1) as reports_listener:
            reports = f"http://127.0.0.1:{reports_listener.getsockname()[1]}"

            def tell() -> None:
                publish_address(root, {"api": api, "reports": reports, "pid": os.getpid()})
                print(f"Prefect at {api.removesuffix('/api')} ({kind}), reports at {reports}/report/", flush=True)
                print(f"Its page asks for a password: {_password(root)}", flush=True)

            with kept_imports():
                prefect = prefect_server()
            asyncio.run(_serve(prefect, listener, _pages(root), reports_listener, tell))


def _password(root: Path) -> str:
    """The password on a terminal, which is the user's own; in a log, where it is found."""
    if os.environ[SERVER] != authentication(root):
        return SERVER
    if sys.stdout.isatty():
        return os.environ[SERVER]
    return str(PASSWORD)


def _pages(root: Path) -> "Server":
    import uvicorn

    files = {"report": Artifacts(root).report, "challenger": Artifacts(root / ".prefect/challenger").report}
    pages = OwnPagesOnly(report_pages(files))
    return uvicorn.Server(uvicorn.Config(pages, log_level="error", timeout_graceful_shutdown=1))


def _listening(port: str) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", int(port)))
    except (ValueError, OverflowError):
        raise UserError(f"{_PORT} is {port!r}: set it to a number up to 65535") from None
    except OSError as error:
        raise UserError(f"port {port} of 127.0.0.1: {os.strerror(error.errno or 0)}; set {_PORT} to another") from None


async def database_kind() -> str:
    """What keeps Prefect's state.

    Raises:
        UserError: if that is unknown, or cannot be opened.
    """
    from prefect.settings import get_current_settings
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError
    from sqlalchemy.ext.asyncio import create_async_engine

    secret = get_current_settings().server.database.connection_url
    assert secret is not None
    # What follows the first would be taken for the host, and shown.
    if _SECOND_AT.search(secret.get_secret_value()):
        raise UserError(f"{_DATABASE} has an @ in its password: write %40 for it, and %25 for %")
    try:
        url = make_url(secret.get_secret_value())
        kind = _KINDS[url.drivername]
    except (ArgumentError, KeyError, ValueError):
        raise UserError(f"{_DATABASE}: postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE is expected") from None
    others = {*threading.enumerate()}
    engine = create_async_engine(url, connect_args={"timeout": 10})
    try:
        async with engine.connect():
            return kind
    except Exception as error:  # Each driver has errors of its own, and sockets and passwords have theirs.
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise UserError(f"{_DATABASE}: {url.render_as_string()} cannot be opened: {reason}") from None
    finally:
        await engine.dispose()
        for thread in {*threading.enumerate()} - others:
            if thread.daemon:  # SQLite's, which would print a traceback if the loop were closed before it ends.
                thread.join()


def prefect_server() -> "Server":
    """Prefect's server, which takes what this machine's programs and its own pages send."""
    import uvicorn
    from prefect.server.api.server import create_app

    # Workers keep connections open for as long as they live.
    app = OwnPagesOnly(create_app(final=True), os.environ[ORIGINS].split(","))
    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=3)
    _have_clients_wait()
    outages = Outages()
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_no_retry)
        handler.addFilter(outages)
    logging.getLogger("uvicorn.error").addFilter(outages)
    logging.getLogger("uvicorn.error").addFilter(in_one_line)
    return uvicorn.Server(config)


def _is_no_retry(record: logging.LogRecord) -> bool:
    # Two who write to SQLite at once are usual; Prefect tries again, after 40 lines of traceback.
    return not (record.exc_info and "database is locked" in str(record.exc_info[1]))


def _have_clients_wait() -> None:
    """Have Prefect's server answer "try again" while its database is away, as it does while SQLite is busy.

    Flows would take its error for an answer, and crash.
    """
    from prefect.server.api import server

    known = server.is_client_retryable_exception

    def retryable(error: Exception) -> bool:
        return known(error) or _reason(error) is not None

    setattr(server, "is_client_retryable_exception", retryable)  # noqa: B010


class Outages(logging.Filter):
    """Has a database that is away said once a minute; Prefect would print a traceback each time that it asks it."""

    _said = -_SECONDS

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is about anything else."""
        reason = record.exc_info and _reason(record.exc_info[1])
        if not reason:
            return True
        if time.monotonic() - self._said >= _SECONDS:
            say(f"the database does not answer, and is asked again: {reason}")
            self._said = time.monotonic()
        return False


def _reason(error: BaseException | None) -> str | None:
    """Why the database does not answer, if that is what `error` comes from."""
    import asyncpg  # type: ignore[import-untyped]

    away = (*_AWAY, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError)
    while error:
        if isinstance(error, away):
            return f"{type(error).__name__} {error}".splitlines()[0]
        error = error.__cause__ or error.__context__
    return None


async def _serve(
    prefect: "Server",
    listener: socket.socket,
    pages: "Server",
    pages_listener: socket.socket,
    tell: Callable[[], None],
) -> None:
    # Uvicorn hands a signal from the server that was started last to the one before, and that to us.
    serving = asyncio.create_task(prefect.serve(sockets=[listener]))
    showing = asyncio.create_task(pages.serve(sockets=[pages_listener]))
    if await until_started(prefect, serving):
        tell()
    await asyncio.wait([serving, showing], return_when=asyncio.FIRST_COMPLETED)
    prefect.should_exit = pages.should_exit = True
    await asyncio.gather(serving, showing)


async def until_started(server: "Server", serving: asyncio.Task[None]) -> bool:
    """Wait until `server`, whose task is `serving`, answers; whether it does, and is not to end already."""
    while not (server.started or serving.done()):
        await asyncio.sleep(0.05)
        if server.should_exit:  # Prefect cannot end what it has not begun, and says so in tracebacks.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return server.started and not server.should_exit


_LAST = 65_535
"""The highest port."""


def report_pages(files: Mapping[str, Path]) -> Starlette:
    """Serves `files` and nothing else, each at `/NAME/`; a file may come and go."""

    def page(request: Request) -> FileResponse:
        file = files[request.url.path.strip("/")]
        if not file.is_file():
            raise HTTPException(404, "there is no such report (yet)")
        return FileResponse(file, media_type="text/html")

    return Starlette(routes=[Route(f"/{name}/", page) for name in files])


def listening(port: int) -> socket.socket:
    """A socket of this machine alone, on `port`, or on a free one if that cannot be had."""
    try:
        return socket.create_server(("127.0.0.1", port if port <= _LAST else 0))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))
