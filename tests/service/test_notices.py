"""Each attempt of a run that ends badly is told once, and the address is no one's to read."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.service.notices import TOLD, Notices, post


class Webhook:
    """What has been posted to `address`, which answers `status`."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.status = 204
        self.address = ""

    def runs(self) -> list[str]:
        return [each["run"] for each in self.posted]


@pytest.fixture
def webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "*")
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if hook.status < 300:
                hook.posted.append(content)
            self.send_response(hook.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook.address = f"http://127.0.0.1:{server.server_port}/secret"
        yield hook
        server.shutdown()


class Pages:
    """The runs of a server that hands them out two at a time."""

    def __init__(self, *runs: FlowRun, of_flow: str = "pipeline") -> None:
        self.runs = list(runs)
        self.of_flow = of_flow

    def read_flow_runs(self, *, flow_run_filter: Any, offset: int, **_: Any) -> list[FlowRun]:
        since = flow_run_filter.end_time.after_
        return [run for run in self.runs if run.end_time and run.end_time >= since][offset : offset + 2]

    def read_flow(self, _: object) -> SimpleNamespace:
        return SimpleNamespace(name=self.of_flow)


def failed(name: str, days_ago: float = 0) -> FlowRun:
    ended = datetime.now(UTC) - timedelta(days=days_ago)
    return FlowRun(flow_id=uuid4(), name=name, state=Failed(message="no luck"), end_time=ended, run_count=1)


def tell(webhook: Webhook, server: Pages) -> None:
    Notices(webhook.address).tell(cast(SyncPrefectClient, server))


def noted(days_ago: float) -> None:
    """Somebody has been told of everything that ended before."""
    TOLD.parent.mkdir()
    save_json(TOLD, {"since": (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(), "runs": {}})


def test_all_runs_of_many_pages_are_told_once_and_what_ended_before_the_first_look_is_not(webhook: Webhook) -> None:
    server = Pages(failed("before", days_ago=0.1))
    tell(webhook, server)
    server.runs += [failed(f"run {number}") for number in range(7)]
    for _ in range(2):
        tell(webhook, server)
    assert webhook.runs() == [f"run {number}" for number in range(7)]


def test_a_run_that_is_tried_again_and_fails_again_is_told_again(webhook: Webhook) -> None:
    noted(days_ago=0.1)
    server = Pages(failed("stubborn"))
    tell(webhook, server)
    server.runs[0].run_count = 2
    tell(webhook, server)
    assert webhook.runs() == ["stubborn"] * 2


def test_a_look_at_what_comes_in_that_was_dropped_is_no_news_and_one_that_failed_is(webhook: Webhook) -> None:
    noted(days_ago=0.1)
    skipped = failed("skipped").model_copy(update={"state_name": "Skipped"})
    tell(webhook, Pages(skipped, failed("failed"), of_flow="watch"))
    assert webhook.runs() == ["failed"]
    tell(webhook, Pages(skipped, of_flow="retrain"))
    assert webhook.runs() == ["failed", "skipped"]


def test_what_was_not_taken_waits_and_is_not_forgotten_however_long_that_lasts(webhook: Webhook) -> None:
    noted(days_ago=40)
    server = Pages(failed("old", days_ago=35), failed("new"))
    webhook.status = 500
    tell(webhook, server)
    webhook.status = 204
    tell(webhook, server)
    assert webhook.runs() == ["old", "new"]
    # What has been told is looked at for a day only.
    assert [key.split()[0] for key in load_json(TOLD)["runs"]] == [str(server.runs[1].id)]
    tell(webhook, server)
    assert len(webhook.posted) == 2


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_not_taken_is_said_without_the_address(
    webhook: Webhook, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    webhook.status = status
    with pytest.raises(UserError, match=f"not taken by ALEXNET_PIPE_WEBHOOK: it answers {status}"):
        post(webhook.address, {})
    noted(days_ago=0.1)
    tell(webhook, Pages(failed("run")))
    assert "tried again" in (shown := capsys.readouterr().out)
    assert "secret" not in shown


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/secret", "no address", "http://[secret"])
def test_an_address_that_is_none_or_does_not_answer_is_one_line(address: str) -> None:
    with pytest.raises(UserError, match=r"not taken by ALEXNET_PIPE_WEBHOOK: [A-Z][A-Za-z]+$") as caught:
        post(address, {})
    assert "secret" not in str(caught.value)
