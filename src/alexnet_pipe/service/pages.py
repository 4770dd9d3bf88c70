"""The pipeline's reports over HTTP: browsers do not follow a link from a page of Prefect's to a file.

They have an origin of their own, so that nothing on a report's page can speak to Prefect's server.
"""

import socket
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

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
