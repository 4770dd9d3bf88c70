"""`make server`, for real: what it says, serves and leaves behind."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

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
            "postgresql+asyncpg://me:***@127.0.0.1:1/runs cannot be opened: [Errno 111]",
        ),
        (
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "sqlite+aiosqlite:////no/such/runs.db",
            "unable to open database file",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(house: Project, variable: str, value: str, reason: str) -> None:
    line = refusal(house.start("-m", "alexnet_pipe", "server", **{variable: value}))
    assert line.startswith(f"alexnet-pipe: {variable}")
    assert reason in line
    assert "secret" not in line


def test_a_server_serves_api_and_reports_and_leaves_nothing(house: Project, tmp_path: Path) -> None:
    server = house.start_server()
    address = json.loads((house.folder / ".prefect/server.json").read_text())
    assert address["api"] == house.api_url
    assert server.printed() == (
        f"Prefect at http://127.0.0.1:{house.port} (SQLite), reports at {address['reports']}/report/\n"
    )
    assert house.api("/health") is True
    assert house.api("/admin/settings")["server"]["analytics_enabled"] is False
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
    assert server.printed().splitlines()[1:] == ["alexnet-pipe: stopped by SIGINT"]
    assert not (house.folder / ".prefect/server.json").exists()
    assert house.processes() == []
