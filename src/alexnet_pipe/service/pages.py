"""The pipeline's reports over HTTP: browsers do not follow a link from a page of Prefect's to a file."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def served_pages(pages: Mapping[str, Path], port: int) -> Iterator[str]:
    """Serve `pages` (URL path to HTML file), and nothing else, to this machine until the block ends.

    Args:
        pages: As `{"/report/": Path("report/index.html")}`; a file may come and go.
        port: Wanted; another one if it is taken.

    Yields:
        The address, as `http://127.0.0.1:4201`.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path + "/" in pages:
                self._redirect(path + "/")
            elif path in pages and pages[path].is_file():
                self._send(pages[path])
            else:
                self.send_error(HTTPStatus.NOT_FOUND, "there is no such report (yet)")

        def _redirect(self, path: str) -> None:
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", path)
            self.end_headers()

        def _send(self, file: Path) -> None:
            with file.open("rb") as content:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                shutil.copyfileobj(content, self.wfile)

        def log_message(self, *_: object) -> None:
            pass

    with _bound(port, Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _bound(port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError):
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)
