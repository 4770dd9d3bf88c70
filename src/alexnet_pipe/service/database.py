"""What keeps Prefect's state: that it can be opened, and what is said and done while it does not answer."""

import logging
import re
import socket
import threading
import time

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say

_DATABASE = "PREFECT_SERVER_DATABASE_CONNECTION_URL"
_KINDS = {"sqlite+aiosqlite": "SQLite", "postgresql+asyncpg": "PostgreSQL"}
_SECOND_AT = re.compile(r"://[^:/]*:[^@]*@.*@")
_AWAY = (ConnectionError, TimeoutError, socket.gaierror)
_SECONDS = 60.0
"""Between two lines about an outage."""


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


def bear_outages() -> None:
    """Have Prefect's server, which is set up in this process, ask again without tracebacks, and its clients wait."""
    _have_clients_wait()
    outages = Outages()
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_no_retry)
        handler.addFilter(outages)
    logging.getLogger("uvicorn.error").addFilter(outages)


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
