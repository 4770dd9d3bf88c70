"""A server's address is believed while that server lives and answers, and no longer."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.orchestration.start import awaited_server, quiet_and_local, server_for_a_run
from alexnet_pipe.service.address import only_server, publish_address, require_named_server, running_server


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def test_others_find_a_server_until_it_ends(tmp_path: Path, api: str) -> None:
    assert running_server(tmp_path) is None
    with only_server(tmp_path):
        assert running_server(tmp_path) is None
        publish_address(tmp_path, {"api": api, "reports": "http://127.0.0.1:1", "pid": 1})
        assert running_server(tmp_path) == {"api": api, "reports": "http://127.0.0.1:1", "pid": 1}
    assert running_server(tmp_path) is None
    assert not (tmp_path / ".prefect/server.json").exists()


def test_a_stranger_at_the_address_of_a_dead_server_is_not_believed(tmp_path: Path, api: str) -> None:
    (tmp_path / ".prefect").mkdir()
    publish_address(tmp_path, {"api": api, "reports": api, "pid": 1})
    assert running_server(tmp_path) is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/api", "nonsense", "http://127.0.0.1:99999/api"])
def test_a_server_that_does_not_answer_is_none(tmp_path: Path, address: str) -> None:
    with only_server(tmp_path):
        publish_address(tmp_path, {"api": address, "reports": address, "pid": 1})
        assert running_server(tmp_path) is None


def test_a_project_has_one_server(tmp_path: Path, api: str) -> None:
    with only_server(tmp_path):
        publish_address(tmp_path, {"api": api, "reports": api, "pid": 1})
        with pytest.raises(UserError, match=f"has a server already at {api}: use that one"), only_server(tmp_path):
            pass
        assert running_server(tmp_path)


def test_a_run_waits_for_a_server_that_is_starting(
    tmp_path: Path, api: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def start(_: float) -> None:
        publish_address(tmp_path, {"api": api, "reports": api, "pid": 1})

    monkeypatch.setattr("alexnet_pipe.orchestration.start.time", SimpleNamespace(sleep=start))
    with only_server(tmp_path), server_for_a_run(tmp_path) as found:
        assert found is None
    assert capsys.readouterr().out == "waiting for the server, which does not answer yet\n"


def test_a_busy_server_is_asked_until_it_answers_and_then_believed(
    tmp_path: Path, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    answers = iter([False, True, False])
    monkeypatch.setattr("alexnet_pipe.service.address.answers", lambda _: next(answers))
    with only_server(tmp_path):
        publish_address(tmp_path, {"api": api, "reports": api, "pid": 1})
        assert awaited_server(tmp_path) == api


def test_no_server_starts_beside_a_run_that_has_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    told = pytest.raises(UserError, match="a run is going on here with a server of its own: wait for it, or cancel it")
    with server_for_a_run(tmp_path) as found:
        assert found
        with told, only_server(tmp_path):
            pass
        with told, server_for_a_run(tmp_path):
            pass
    with only_server(tmp_path):
        pass


def test_flows_use_the_server_unless_told_otherwise(tmp_path: Path, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PREFECT") or name == "DO_NOT_TRACK"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with only_server(tmp_path):
        publish_address(tmp_path, {"api": api, "reports": api, "pid": 1})
        os.environ["PREFECT_API_URL"] = "http://elsewhere/api"
        quiet_and_local(tmp_path)
        assert os.environ["PREFECT_API_URL"] == "http://elsewhere/api"
        del os.environ["PREFECT_API_URL"]
        quiet_and_local(tmp_path)
        assert os.environ["PREFECT_API_URL"] == api
        del os.environ["PREFECT_API_URL"]
    quiet_and_local(tmp_path)
    assert "PREFECT_API_URL" not in os.environ
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


@pytest.mark.parametrize("dead", ["http://127.0.0.1:9/api", "nonsense", "http://user:secret@127.0.0.1:9/api"])
def test_a_server_that_is_named_and_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", dead)
    with pytest.raises(UserError, match=r"^no Prefect server answers at .*PREFECT_API_URL") as error:
        awaited_server(tmp_path)
    assert "secret" not in str(error.value)


def test_a_server_that_is_named_and_wants_more_is_there(api: str) -> None:
    require_named_server(f"{api}/elsewhere")
