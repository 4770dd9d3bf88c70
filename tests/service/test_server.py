"""`make server`, for real: what it says, serves and leaves behind."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import aiosqlite
import pytest
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, temporary_settings

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.service.server import database_kind
from tests.service.services import Project, Service, project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("server"), {}) as made:
        yield made


def refusal(service: Service) -> str:
    """The one line that a command ends with that cannot do its work."""
    assert service.process.wait() == 1
    (line,) = service.printed().splitlines()
    return line


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PREFECT_SERVER_API_PORT", "many", "'many': set it to a number up to 65535"),
        ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "mysql://x", "postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE"),
        (
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "postgresql+asyncpg://me:secret@127.0.0.1:1/runs",
            "postgresql+asyncpg://***@127.0.0.1:1/runs cannot be opened: [Errno 111]",
        ),
        (
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "postgresql+asyncpg://me:p@secret/x@127.0.0.1:1/runs",
            "has an @ in its password: write %40 for it",
        ),
        ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://me:secret@127.0.0.1:x/runs", "is expected"),
        (
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "postgresql+asyncpg://127.0.0.1:1/runs?user=me&password=secret",
            "postgresql+asyncpg://127.0.0.1:1/runs?*** cannot be opened",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(house: Project, variable: str, value: str, reason: str) -> None:
    line = refusal(house.start("-m", "alexnet_pipe", "server", **{variable: value}))
    assert line.startswith(f"alexnet-pipe: {variable}")
    assert reason in line
    assert "secret" not in line


def test_no_thread_outlasts_the_look_at_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiosqlite.core.LOG, "debug", lambda *_: time.sleep(0.1))  # A busy machine.
    before = {*threading.enumerate()}
    database = {PREFECT_API_DATABASE_CONNECTION_URL: f"sqlite+aiosqlite:///{tmp_path}/no/such.db"}
    with temporary_settings(database), pytest.raises(UserError, match="unable to open database file"):
        asyncio.run(database_kind())
    assert {*threading.enumerate()} <= before


def test_a_server_serves_api_and_reports_and_leaves_nothing(house: Project, tmp_path: Path) -> None:
    server = house.start_server(PREFECT_SERVER_REGISTER_BLOCKS_ON_START="true")
    address = json.loads((house.folder / ".prefect/server.json").read_text())
    assert address["api"] == house.api_url
    assert server.printed() == (
        f"Prefect at http://127.0.0.1:{house.port} (SQLite), reports at {address['reports']}/report/\n"
        "Its page asks for a password: .prefect/authentication\n"
    )
    assert house.api("/health") is True
    assert house.api("/admin/settings")["server"]["analytics_enabled"] is False
    nobody_else_gets_in(house, address["reports"])
    no_password_is_left_behind(house, server)
    for name, folder in {"report": "report", "challenger": ".prefect/challenger/report"}.items():
        (house.folder / folder).mkdir(parents=True)
        (house.folder / folder / "index.html").write_text(name)
        with urllib.request.urlopen(f"{address['reports']}/{name}/") as page:
            assert page.read().decode() == name

    assert "already at http://127.0.0.1" in refusal(house.start("-m", "alexnet_pipe", "server"))
    with project(tmp_path, {}) as other:
        other.port = house.port
        assert f"port {house.port} of 127.0.0.1: Address already in use" in refusal(
            other.start("-m", "alexnet_pipe", "server")
        )
    assert house.api("/health") is True

    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait() == 130
    assert server.printed().splitlines()[2:] == ["alexnet-pipe: stopped by SIGINT"]
    assert not (house.folder / ".prefect/server.json").exists()
    assert house.processes() == []


def nobody_else_gets_in(house: Project, reports: str) -> None:
    api, body, known = f"http://127.0.0.1:{house.port}/api", b"{}", house.authorisation()
    own = {"Origin": f"http://127.0.0.1:{house.port}"}
    also_own = {"Origin": f"http://localhost:{house.port}"}
    foreign, elsewhere = {"Origin": "http://foreign.example"}, {"Host": "foreign.example"}
    orders = f"{api}/deployments/filter"
    assert [status(orders, body, known), status(orders, body, known | own)] == [200, 200]
    assert status(orders, body, known | also_own) == 200
    assert [status(orders, body), status(orders, body, own), status(orders, body, {"Authorization": "Basic eDp5"})] == [
        *([401] * 3)
    ]
    for named in (foreign, elsewhere, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}):
        assert [status(orders, body, known | named), status(f"{reports}/report/", None, named)] == [403, 403]
    assert status(f"{api}/health", None) == 200


def no_password_is_left_behind(house: Project, server: Service) -> None:
    state = house.folder / ".prefect"
    password = (state / "authentication").read_bytes().strip()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (state, state / "authentication")] == [0o700, 0o600]
    assert password.decode() not in server.printed()
    others = [file for file in house.folder.rglob("*") if file.is_file() and file.name != "authentication"]
    assert [file for file in others if password in file.read_bytes()] == []


def status(address: str, body: bytes | None, headers: Mapping[str, str] = MappingProxyType({})) -> int:
    """Of the answer to a browser's or a program's request."""
    sent = {"Content-Type": "application/json", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, sent)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


STOPPED_WHILE_IT_STARTS = """
import asyncio, os, signal, socket
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from uvicorn import Config, Server
from alexnet_pipe.base.errors import StoppedError
from alexnet_pipe.base.signals import unwind_on_signals
from alexnet_pipe.service.server import _serve

@asynccontextmanager
async def lifespan(app):
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.5)
    yield
    raise AssertionError("Reactive triggers not started")

unwind_on_signals()
servers = [Server(Config(app, log_level="error")) for app in (Starlette(lifespan=lifespan), Starlette())]
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in servers]
try:
    asyncio.run(_serve(servers[0], sockets[0], servers[1], sockets[1], lambda: print("serves")))
except StoppedError as stopped:
    print(stopped)
"""


def test_a_server_that_is_stopped_while_it_starts_says_nothing_else(tmp_path: Path) -> None:
    stopped = subprocess.run([sys.executable, "-c", STOPPED_WHILE_IT_STARTS], capture_output=True, text=True)
    assert (stopped.stdout, stopped.stderr) == ("stopped by SIGTERM; run the same command again to go on\n", "")
