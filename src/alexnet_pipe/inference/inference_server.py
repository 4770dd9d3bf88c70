"""`alexnet-pipe serve-model`: the service as a process, from its port to its end."""

import asyncio
import ipaddress
import logging
import os
import re
import socket
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.own_pages import in_one_line
from alexnet_pipe.base.progress import say
from alexnet_pipe.inference.answering import Answering
from alexnet_pipe.inference.likeness import Watch, require_log
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.inference.model_source import ModelSource, ServedModel
from alexnet_pipe.inference.routes import application

TOKEN, TOKEN_FILE = "ALEXNET_TOKEN", "ALEXNET_TOKEN_FILE"
"""The environment variables with the token, and with the file that holds it."""

_SHORTEST = 16
"""Characters of a token."""

_GRACE = 20
"""Seconds that requests may go on for when the service is to end: Kubernetes and systemd kill it after 30 and 90."""

_CONNECTIONS = 1000
_IDLE = 30
"""Seconds that a connection is kept open for the next request."""


def run_inference_server(
    model: str, host: str, port: int, queue: int, seconds: int, origins: Sequence[str], log: Path | None = None
) -> None:
    """Serve `model` until a signal comes; the address is printed once it is loaded.

    Args:
        model: What `--model` of other commands takes; a file and a stage of the registry are followed.
        host: The address to listen at.
        port: 0 for a free one.
        queue: Photographs that may wait.
        seconds: For a body to come, and for its answer.
        origins: As `routes.application`.
        log: Where a line is kept of each window of photographs, beside those of the training.

    Raises:
        UserError: if the log cannot be written, the model or the port cannot be had, or the address is open to others
            and there is no token.
    """
    _require_origins(origins)
    if log:
        require_log(log)
    token = _token()
    if not (token or _is_this_machine(host)):
        raise UserError(
            f"--host {host} is open to others: put a token of {_SHORTEST} characters or more into {TOKEN}, or into the "
            f"file that {TOKEN_FILE} names"
        )
    with _listener(host, port) as listener:
        named = f"[{host}]" if ":" in host else host
        address = f"http://{named}:{listener.getsockname()[1]}"
        measures = Measures()
        served = ServedModel(ModelSource(model), measures)
        answering = Answering(served, queue, measures, seconds, Watch(measures, log))
        app = application(answering, token, [*origins, address], addresses=_is_every_address(host))
        logging.getLogger("uvicorn.error").addFilter(in_one_line)
        # What is wrong with a form is told to who has sent it.
        logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=_GRACE,
        )
        asyncio.run(_serve(uvicorn.Server(config), listener, served, address))


def _require_origins(origins: Sequence[str]) -> None:
    for origin in origins:
        if not re.fullmatch(r"https?://[\w.:\[\]-]+/?", origin):
            raise UserError(f"--origin {origin}: give scheme and host, as https://photographs.example.org")


async def _serve(server: uvicorn.Server, listener: socket.socket, served: ServedModel, address: str) -> None:
    following = asyncio.create_task(served.follow(lambda: _tell(served, address)))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait({following, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    try:
        await serving
    finally:
        following.cancel()
    if following.done() and not following.cancelled():
        following.result()  # There is no model.


def _tell(served: ServedModel, address: str) -> None:
    assert served.current
    classes = len(served.current.network.classes)
    say(f"{served.current.name}: {classes:,} classes, weights {served.current.version}, at {address} (Ctrl-C ends it)")


def _token() -> str | None:
    """What the environment gives; children do not get it.

    Raises:
        UserError: if it cannot be read, or is too short to be a secret.
    """
    place, told = TOKEN, os.environ.pop(TOKEN, None)
    if file := os.environ.get(TOKEN_FILE):
        place = f"{TOKEN_FILE}, {file},"
        try:
            told = Path(file).read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise UserError(f"{place} cannot be read: {getattr(error, 'strerror', None) or 'it is no ASCII'}") from None
    if told is None:
        return None
    token = told.strip()
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise UserError(
            f"{place} holds no token: {_SHORTEST} or more letters and digits, as `openssl rand -hex 32` gives"
        )
    return token


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_every_address(host: str) -> bool:
    return host in ("0.0.0.0", "::")


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise UserError(f"port {port} of {host} cannot be had ({reason}): name another with --port or --host") from None
