"""The server that a run has for itself: for that run's programs, and gone with it."""

import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.service.address import API, TEMPORARY, only_database_user
from alexnet_pipe.service.provision import gpu_tags
from alexnet_pipe.service.temporary import start_temporary_server
from tests.service.services import give_database, project, until

pytestmark = pytest.mark.slow

WAITING = {"mean": {"cmd": f"echo ${API} > api.txt; echo averaging; sleep 300"}}


def status(api: str, **headers: str) -> int:
    request = urllib.request.Request(f"{api}/admin/version", headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_it_takes_orders_from_its_run_alone_and_dies_with_it(tmp_path: Path) -> None:
    with project(tmp_path, WAITING) as house:
        give_database(tmp_path)
        run = house.start("-m", "alexnet_pipe", "run")
        run.prints("averaging")
        api = (tmp_path / "api.txt").read_text().strip()
        assert api.startswith("http://127.0.0.1:")
        password = house.authorisation()
        assert status(api) == 401
        assert status(api, **password) == 200
        assert status(api, **password, Origin="http://127.0.0.1:1") == 403
        assert status(api, **password, Host="example.org") == 403
        with pytest.raises(UserError, match="a run is going on here"), only_database_user(tmp_path):
            pass

        assert run.ends(signal.SIGKILL) == -signal.SIGKILL
        until(lambda: not house.processes("service.temporary"), house.command_lines)
        with only_database_user(tmp_path):
            pass
        with pytest.raises(urllib.error.URLError, match="refused"):
            status(api)


def test_a_database_that_cannot_be_opened_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/no/such.db"
    # What is set here, and by the call, is forgotten after the test.
    for name, value in ((API, ""), (TEMPORARY, ""), ("PREFECT_SERVER_DATABASE_CONNECTION_URL", database)):
        monkeypatch.setenv(name, value)
    with only_database_user(tmp_path) as lock:
        wait = start_temporary_server(lock)
        assert not gpu_tags()  # It would never free the place of a run that was killed.
    with pytest.raises(UserError, match=r"DATABASE_CONNECTION_URL: .*such\.db cannot be opened: unable to open"):
        wait()
