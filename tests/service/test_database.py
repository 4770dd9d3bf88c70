"""A database that goes away and comes back costs no run, and is told in a line."""

import logging
from pathlib import Path

import pytest

from alexnet_pipe.service.server import Outages
from tests.service.postgresql import NoPostgresError, postgresql
from tests.service.services import project, until

WAITING = "echo begun > begun.txt; while ! test -e go; do sleep 0.1; done; echo gone > model.txt"
STAGES = {"train": {"cmd": WAITING, "outs": ["model.txt"]}}
AWAY = "the database does not answer, and is asked again: "


@pytest.mark.slow
def test_a_run_whose_end_the_database_cannot_take_is_completed_when_it_is_back(tmp_path: Path) -> None:
    try:
        with postgresql() as database, project(tmp_path, STAGES) as house:
            server = house.start_server(PREFECT_SERVER_DATABASE_CONNECTION_URL=database.address)
            run = house.start("-m", "alexnet_pipe", "run", PREFECT_LOGGING_LEVEL="DEBUG")
            until((tmp_path / "begun.txt").exists, house.printed)
            database.stop()
            (tmp_path / "go").touch()
            run.prints("retryable status code 503")
            server.prints(AWAY)
            database.start()
            assert run.process.wait() == 0, run.printed()
            assert "Traceback" not in house.printed()
    except NoPostgresError as reason:
        pytest.skip(str(reason))


def test_an_outage_is_told_once_and_nothing_else_is_held_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    outages = Outages()

    def passes(error: BaseException | None) -> bool:
        info = error and (type(error), error, None)
        return outages.filter(logging.LogRecord("prefect", logging.ERROR, "", 0, "it failed", (), info))

    wrapped = RuntimeError("no connection")
    wrapped.__cause__ = ConnectionRefusedError(111, "Connect call failed\nfor a reason")
    assert [passes(wrapped), passes(wrapped), passes(ValueError("x")), passes(None)] == [False, False, True, True]
    assert capsys.readouterr().out == f"{AWAY}ConnectionRefusedError [Errno 111] Connect call failed\n"
    now += 60
    assert not passes(wrapped)
    assert AWAY in capsys.readouterr().out
