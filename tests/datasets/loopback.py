"""A server on the loopback device that does to a download whatever can happen to it."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HANG_UP = 0


class Seen(NamedTuple):
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Loopback:
    """What the server has, and how it behaves.

    Attributes:
        address: Where it listens, without a slash at the end.
        content: Of the file that every path leads to.
        headers: Sent with the file.
        lengths: How many bytes of the file the next responses send before they break off; afterwards they send all.
        stalls: Whether a response that breaks off keeps the connection open.
        piece: How many bytes are sent at a time.
        pause: Seconds before each piece.
        ranges: Whether parts of the file can be asked for.
        measured: Whether the length is told.
        chunk: The length in hexadecimal digits, if the file is sent as one chunk.
        newest: Kaggle's number of the newest version.
        answer: What GetDataset gives in place of that number.
        refusals: Statuses of failures, by method or the last part of the path.
        leads_to: Where a refusal with a redirection leads; to itself if empty.
        seen: All requests.
    """

    address: str
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    stalls: bool = False
    piece: int = 1 << 20
    pause: float = 0.0
    ranges: bool = True
    measured: bool = True
    chunk: str = ""
    newest: int = 2
    answer: bytes = b""
    refusals: dict[str, int] = field(default_factory=dict)
    leads_to: str = ""
    seen: list[Seen] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.endswith(path)]

    def asked_ranges(self) -> list[str | None]:
        """The bytes that each GET has asked for; None is all."""
        return [seen.headers.get("Range") for seen in self.seen if seen.method == "GET"]


class _Handler(BaseHTTPRequestHandler):
    loopback: Loopback

    def do_HEAD(self) -> None:
        self._note(None)
        if not self._refused(self.command):
            self._file_headers(200, 0)

    def do_GET(self) -> None:
        self._note(None)
        if self._refused(self.command):
            return
        start = self._start()
        if start and start >= len(self.loopback.content):
            self._answer(416, {"Content-Range": f"bytes */{len(self.loopback.content)}"})
            return
        stop = self.loopback.lengths.pop(0) if self.loopback.lengths else len(self.loopback.content)
        if stop == HANG_UP:
            return
        self._file_headers(206 if start else 200, start)
        self._send(start, stop)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._note(body)
        name = self.path.rpartition("/")[-1]
        if self._refused(name):
            return
        if name == "DownloadDataset":
            # Kaggle's files lie on another host, which is not to learn the credentials.
            storage = self.loopback.address.replace("127.0.0.1", "localhost")
            self._answer(302, {"Location": f"{storage}/storage/archive.zip?signature=s"})
            return
        answer = self.loopback.answer or json.dumps({"id": 1, "currentVersionNumber": self.loopback.newest}).encode()
        self._answer(200, {"Content-Type": "application/json", "Content-Length": str(len(answer))})
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass

    def _note(self, body: object) -> None:
        self.loopback.seen.append(Seen(self.command, self.path, dict(self.headers), body))

    def _refused(self, name: str) -> bool:
        status = self.loopback.refusals.get(name)
        if status:
            self._answer(status, {"Content-Length": "0", "Location": self.loopback.leads_to or self.path})
        return bool(status)

    def _start(self) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(asked[1]) if asked and self.loopback.ranges else 0

    def _file_headers(self, status: int, start: int) -> None:
        size = len(self.loopback.content)
        told = {"Accept-Ranges": "bytes"} | self.loopback.headers
        if self.loopback.chunk:
            told["Transfer-Encoding"] = "chunked"
        elif self.loopback.measured:
            told["Content-Length"] = str(size - start)
        if status == 206:
            told["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self._answer(status, told)
        if self.loopback.chunk:
            self.wfile.write(f"{self.loopback.chunk}\r\n".encode())

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, start: int, stop: int) -> None:
        with suppress(ConnectionError):  # A client may leave early.
            for first in range(start, stop, self.loopback.piece):
                self.loopback.closing.wait(self.loopback.pause)
                self.wfile.write(self.loopback.content[first : min(first + self.loopback.piece, stop)])
                self.wfile.flush()
        if self.loopback.stalls and stop < len(self.loopback.content):
            self.loopback.closing.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # So that closing the server waits for its threads.

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[Loopback]:
    """A server on a free port, as long as the block lasts."""
    handler = type("Handler", (_Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as server:
        loopback = handler.loopback = Loopback(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield loopback
        finally:
            loopback.closing.set()
            server.shutdown()
            thread.join()


@contextmanager
def dead_address() -> Iterator[str]:
    """An address that refuses connections, as long as the block lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def silent_address() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
