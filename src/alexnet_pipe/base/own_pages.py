"""Servers on this machine answer their own pages and this machine's programs, and no page of another origin.

A browser sends what any page tells it to any address, also to 127.0.0.1. It names the page's origin with it, and the
host that it believes to talk to, which a foreign name server can have lead here.
"""

import ipaddress
import logging
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable

_NO_HOST = re.compile(r"[^\w.:\[\]-]")
_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_SENT: dict[str, ASGIApp] = {
    "http": PlainTextResponse("this page is for its own machine", 403),
    "websocket": WebSocketClose(1008),
}


class OwnPagesOnly:
    """ASGI middleware that refuses, with 403, what names another host than this machine or has another origin."""

    def __init__(self, app: ASGIApp, origins: Collection[str] = (), addresses: bool = False) -> None:
        """
        Args:
            app: What is protected.
            origins: Others that are welcome as well, as https://prefect.example.org; "*" stands for all.
            addresses: Whether a host may be named by any IP address: no name server can have one lead elsewhere.
        """
        self._app = app
        self._addresses = addresses
        self._origins = frozenset(origin.strip().rstrip("/") for origin in origins if origin.strip())
        self._names = _NAMES | {urlsplit(origin).hostname for origin in self._origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        welcome = scope["type"] not in _SENT or self._is_welcome(Headers(scope=scope))
        await (self._app if welcome else _SENT[scope["type"]])(scope, receive, send)

    def _is_welcome(self, headers: Headers) -> bool:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        # Of two, programs behind may believe the other one.
        if len(hosts) != 1 or len(origins) > 1 or _NO_HOST.search(hosts[0]):
            return False
        try:
            named = urlsplit(f"//{hosts[0]}").hostname
            own = all(origin in self._origins or urlsplit(origin).netloc == hosts[0] for origin in origins)
        except ValueError:
            return False
        known = named in self._names or (self._addresses and _is_address(named))
        return "*" in self._origins or (known and own)


def _is_address(host: str | None) -> bool:
    try:
        return bool(ipaddress.ip_address(host or ""))
    except ValueError:
        return False


def in_one_line(record: logging.LogRecord) -> bool:
    """What a request has broken, as one that ends in the middle of its photograph, without a traceback; a filter."""
    if record.exc_info:
        record.msg, record.args, record.exc_info = failure(record.exc_info[1]), (), None
    return True


def failure(error: BaseException | None) -> str:
    """What `error` has made of a request, in one line."""
    return f"a request failed: {type(error).__name__} {printable(' '.join(str(error).split()))[:200]}".rstrip()


def require_port(port: int) -> None:
    """
    Raises:
        UserError: if nothing can listen at `port` of 127.0.0.1.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        raise port_taken(f"port {port}") from None


def port_taken(wanted: str) -> UserError:
    """The error of a page that cannot have the port that it wants."""
    return UserError(f"{wanted} of 127.0.0.1 cannot be had: name another with --port")
