"""The password is made once, is one user's own, and is sent to the project's own server alone."""

import base64
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.service.address import (
    CLIENT,
    PASSWORD,
    SERVER,
    authenticate_client,
    authenticate_server,
    authentication,
    only_server,
    publish_address,
    warn_of_an_open_server,
)


class Guarded(ThreadingHTTPServer):
    """Takes `password`, or anybody if that is None; `sent` is what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Guard)
        self.password: str | None = None
        self.sent: list[str | None] = []
        self.api = f"http://127.0.0.1:{self.server_port}/api"


class _Guard(BaseHTTPRequestHandler):
    server: Guarded

    def do_GET(self) -> None:
        self.server.sent.append(sent := self.headers["Authorization"])
        wanted = self.server.password and f"Basic {base64.b64encode(self.server.password.encode()).decode()}"
        self.send_response(200 if wanted in (None, sent) or self.path == "/api/health" else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    monkeypatch.setattr(os, "environ", environment)
    with Guarded() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_it_is_made_once_and_is_its_users_own(tmp_path: Path) -> None:
    (tmp_path / ".prefect").mkdir(mode=0o755)  # As an earlier version left it.
    with ThreadPoolExecutor(8) as threads:
        (made,) = set(threads.map(authentication, [tmp_path] * 8))
    user, _, password = made.partition(":")
    assert (user, len(password)) == ("admin", 43)
    for path, mode in ((tmp_path / ".prefect", 0o700), (tmp_path / PASSWORD, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    (tmp_path / PASSWORD).chmod(0o644)
    assert authentication(tmp_path) == made
    assert stat.S_IMODE((tmp_path / PASSWORD).stat().st_mode) == 0o600


def test_what_cannot_be_kept_is_one_line(tmp_path: Path) -> None:
    (tmp_path / PASSWORD).mkdir(parents=True)
    with pytest.raises(UserError, match="authentication: Is a directory: let it be yours to write"):
        authentication(tmp_path)


def test_a_full_disk_is_no_matter_of_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "touch", lambda *_: os.write(os.open("/dev/full", os.O_WRONLY), b"x"))
    with pytest.raises(OSError, match="No space left"):
        authentication(tmp_path)


def test_own_server_gets_the_password_and_no_other_does(tmp_path: Path, guarded: Guarded) -> None:
    guarded.password = authentication(tmp_path)
    with only_server(tmp_path):
        publish_address(tmp_path, {"api": guarded.api, "reports": guarded.api, "pid": 1})
        authenticate_client(tmp_path, guarded.api.replace("127.0.0.1", "localhost"))
        assert os.environ[CLIENT] == guarded.password
        del os.environ[CLIENT]
        guarded.sent.clear()
        with Guarded() as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            authenticate_client(tmp_path, other.api)
            other.password = "of their own"
            with pytest.raises(UserError, match="refuses the password: set PREFECT_API_AUTH_STRING to what"):
                authenticate_client(tmp_path, other.api)
            assert {*other.sent} == {None}
            os.environ[CLIENT] = other.password
            authenticate_client(tmp_path, other.api)
            other.shutdown()


def test_a_users_own_password_is_asked_for_and_sent(tmp_path: Path, guarded: Guarded) -> None:
    os.environ[SERVER] = guarded.password = "me:mine"
    with only_server(tmp_path):
        publish_address(tmp_path, {"api": guarded.api, "reports": guarded.api, "pid": 1})
        authenticate_client(tmp_path, guarded.api)
        assert os.environ[CLIENT] == "me:mine"
        os.environ[CLIENT] = "me:another"
        with pytest.raises(UserError, match=r"/api: the server refuses the password") as caught:
            authenticate_client(tmp_path, guarded.api)
        assert "another" not in str(caught.value)
    authenticate_server(tmp_path, "http://127.0.0.1:1")
    assert os.environ[CLIENT] == os.environ[SERVER] == "me:mine"
    assert not (tmp_path / PASSWORD).exists()


def test_a_temporary_server_has_the_password_too(tmp_path: Path, guarded: Guarded) -> None:
    authenticate_client(tmp_path, None)
    assert os.environ[CLIENT] == os.environ[SERVER] == authentication(tmp_path)


def test_a_server_of_an_earlier_version_is_used_and_said_to_be_open(
    guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_of_an_open_server(guarded.api)
    assert capsys.readouterr().out == (
        f"the server at {guarded.api} takes orders from every program and page: stop it, and start it anew\n"
    )
    guarded.password = "x:y"
    warn_of_an_open_server(guarded.api)
    assert capsys.readouterr().out == ""
