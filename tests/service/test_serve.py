"""`alexnet-pipe serve`, for real: what is due or asked for is run, one at a time, and what ends badly is told once."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError

import pytest

from alexnet_pipe.project.run_lock import only_run
from tests.service.services import Project, give_database, project, until

pytestmark = pytest.mark.slow

QUICK = {"mean": {"cmd": "cat in.txt > mean.txt", "deps": ["in.txt"], "outs": ["mean.txt"]}}
ENDLESS = {"mean": {"cmd": "echo begun; exec sleep 1000", "deps": ["in.txt"], "outs": ["mean.txt"]}}
FAILING = {"mean": {"cmd": "echo 'alexnet-pipe: no \"such\" luck' >&2; exit 1", "deps": ["in.txt"]}}
WAITING = {"mean": {"cmd": "while ! test -e go; do sleep 0.1; done; rm go; exit 1", "deps": ["in.txt"]}}

Posts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a server."""
    with project(tmp_path_factory.mktemp("serve"), QUICK) as made:
        (made.folder / "in.txt").write_text("1")
        give_database(made.folder)
        made.start_server()
        yield made


@pytest.fixture
def webhook() -> Iterator[tuple[str, Posts]]:
    """Its address, and what has been posted to it."""
    posted: Posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook", posted
        server.shutdown()


@pytest.mark.parametrize(
    ("options", "environment", "reason"),
    [
        (["--cron", "at three"], {}, "'at three' is no cron expression: write one as \"0 3 * * *\""),
        ([], {"PREFECT_API_URL": "http://127.0.0.1:1/api"}, "no Prefect server answers at http://127.0.0.1:1/api"),
        (["--test-webhook"], {}, "ALEXNET_PIPE_WEBHOOK is not set"),
        (["--test-webhook"], {"ALEXNET_PIPE_WEBHOOK": "http://127.0.0.1:1/"}, "the notice was not taken by"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    served: Project, options: list[str], environment: dict[str, str], reason: str
) -> None:
    worker = served.start("-m", "alexnet_pipe", "serve", *options, **environment)
    assert worker.process.wait() == 1
    (line,) = worker.printed().splitlines()
    assert line.startswith(f"alexnet-pipe: {reason}")


def test_runs_wait_are_dropped_cancelled_told_and_made_each_minute(served: Project, webhook: tuple[str, Posts]) -> None:
    address, posted = webhook
    tested = served.start("-m", "alexnet_pipe", "serve", "--test-webhook", ALEXNET_PIPE_WEBHOOK=address)
    assert tested.process.wait() == 0
    assert posted.pop()["message"] == "a test: nothing has failed"

    anybodys = served.folder / "tmp"
    anybodys.mkdir()
    (anybodys / "runner_storage").touch()  # Prefect's in /tmp may be another user's, where nothing can be made.
    worker = served.start_serving(ALEXNET_PIPE_WEBHOOK=address, TMPDIR=str(anybodys))
    what_nobody_knows_is_refused(served)
    a_run_that_fails_is_told_once(served, posted)
    one_that_fails_around_a_restart_of_the_server_is_told_too(served, posted)
    one_beside_a_run_by_hand_is_cancelled_in_a_line(served, posted)

    served.stages(ENDLESS)
    run = served.ask_for_a_run()
    until(lambda: served.processes("sleep 1000"), served.printed)
    waiting = served.ask_for_a_run("other")
    (due,) = served.miss_runs(1)
    served.reaches(due, "Skipped")
    assert served.state(waiting) in ("Scheduled", "Late")
    served.cancel(run)
    until(lambda: not served.processes("sleep 1000"), served.processes)
    served.reaches(run, "Cancelled")
    until(lambda: len(posted) == 5, lambda: posted)
    assert {each["state"] for each in posted[3:]} == {"Skipped", "Cancelled"}

    until(lambda: served.processes("sleep 1000"), served.printed)
    assert served.state(waiting) == "Running"
    os.killpg(worker.process.pid, signal.SIGINT)  # As a terminal does: the flow and the stage hear it too.
    assert worker.process.wait() == 130
    assert worker.printed().splitlines()[-1] == "alexnet-pipe: stopped by SIGINT"
    assert served.state(waiting) == "Cancelled"
    until(lambda: [process.cmdline()[-1] for process in served.processes()] == ["server"], served.processes)

    served.stages(QUICK)
    worker = served.start_serving("--cron", "* * * * *", ALEXNET_PIPE_WEBHOOK=address)
    stopped = served.api(f"/flow_runs/{waiting}")["name"]
    until(lambda: stopped in [each["run"] for each in posted], lambda: posted)
    a_run_is_made_each_minute_and_shows_its_artifacts(served)
    assert worker.ends(signal.SIGTERM) == 0
    printed = served.printed()
    assert "src/alexnet_pipe" not in printed, printed  # As a traceback of ours would have it.
    assert len({each["run"] for each in posted}) == len(posted)


def what_nobody_knows_is_refused(served: Project) -> None:
    deployment = served.api("/deployments/name/pipeline/pipeline")["id"]
    for parameters in ({"parms": {}}, {"params": {"train.max_epoch": 1}}):
        with pytest.raises(HTTPError, match="409"):
            served.api(f"/deployments/{deployment}/create_flow_run", {"parameters": parameters})


def a_run_that_fails_is_told_once(served: Project, posted: Posts) -> None:
    served.stages(FAILING)
    run = served.ask_for_a_run()
    served.reaches(run, "Failed")
    until(lambda: posted, served.printed)
    assert posted == [
        {
            "flow": "pipeline",
            "run": served.api(f"/flow_runs/{run}")["name"],
            "state": "Failed",
            "message": 'mean: no "such" luck',
            "link": f"http://127.0.0.1:{served.port}/runs/flow-run/{run}",
        }
    ]


def one_that_fails_around_a_restart_of_the_server_is_told_too(served: Project, posted: Posts) -> None:
    served.stages(WAITING)
    run = served.ask_for_a_run()
    until(lambda: served.processes("dvc"), served.printed)
    served.kill("alexnet_pipe server ")
    (served.folder / "go").touch()
    until(lambda: not (served.folder / "go").exists(), served.printed)
    served.start_server()
    served.reaches(run, "Failed")
    until(lambda: len(posted) == 2, served.printed)
    assert posted[1]["run"] == served.api(f"/flow_runs/{run}")["name"]


def one_beside_a_run_by_hand_is_cancelled_in_a_line(served: Project, posted: Posts) -> None:
    with only_run(served.folder):
        served.reaches(served.ask_for_a_run(), "Cancelled")
    until(lambda: len(posted) == 3, served.printed)
    assert posted[2]["message"].startswith("another run is going on here")
    assert "CancelledRun" not in served.printed()  # As Prefect's traceback ends.


def a_run_is_made_each_minute_and_shows_its_artifacts(served: Project) -> None:
    of_schedule = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}, "tags": {"all_": ["auto-scheduled"]}}}
    until(lambda: served.api("/flow_runs/filter", of_schedule), served.printed)
    (run, *_) = served.api("/flow_runs/filter", of_schedule)
    assert datetime.fromisoformat(run["expected_start_time"]).second == 0
    assert (served.folder / "mean.txt").read_text() == "1"
    artifacts = served.api("/artifacts/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert {"pipeline-picture", "metrics"} <= {artifact["key"] for artifact in artifacts}
