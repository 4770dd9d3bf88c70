"""Who must know is told of drift once, and again only after it was over."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.utilities.templating import apply_values

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.service.notices import WEBHOOK
from alexnet_pipe.service.watching import WATCHED, last_window, look_at
from tests.service.test_notices import Webhook, webhook  # noqa: F401 # A fixture.


def window(*unlike: str, photographs: int = 200) -> str:
    return json.dumps({"time": "now", "model": "ab" * 6, "photographs": photographs, "unlike": unlike, "findings": {}})


def add(log: Path, *unlike: str) -> None:
    with log.open("a") as file:
        file.write(f"{window(*unlike)}\n")


@pytest.fixture
def told(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Webhook:  # noqa: F811
    monkeypatch.setenv(WEBHOOK, webhook.address)
    return webhook


def test_an_alarm_is_told_once_until_it_was_over(told: Webhook, tmp_path: Path) -> None:
    log, seen = tmp_path / "drift.jsonl", []
    for unlike in ([], ["brightness"], ["brightness"], ["brightness", "detail"], [], [], ["colour"]):
        add(log, *unlike)
        seen.append(look_at(tmp_path, log, "m.keras"))
    assert [drifted for drifted, _ in seen] == [False, True, True, True, False, False, True]
    assert [each["message"].partition(": ")[2] for each in told.posted] == [
        "200 photographs are unlike the training's in brightness",
        "200 photographs are unlike the training's in colour",
    ]
    assert {each["flow"] for each in told.posted} == {"watch"}
    assert "and was told then" in seen[2][1]
    assert "are like the training's again" in seen[4][1]
    assert list(load_json(tmp_path / WATCHED)) == [str(log)]


def test_a_notice_that_is_not_taken_is_tried_again(told: Webhook, tmp_path: Path) -> None:
    add(tmp_path / "log", "brightness")
    told.status = 500
    with pytest.raises(UserError, match="the notice was not taken"):
        look_at(tmp_path, tmp_path / "log", "m.keras")
    told.status = 204
    look_at(tmp_path, tmp_path / "log", "m.keras")
    look_at(tmp_path, tmp_path / "log", "m.keras")
    assert len(told.posted) == 1


def test_without_a_webhook_the_run_says_that_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WEBHOOK, raising=False)
    add(tmp_path / "log", "brightness")
    assert f"{WEBHOOK} is not set, so nobody is told" in look_at(tmp_path, tmp_path / "log", "m.keras")[1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "has no line yet"),
        (window("brightness"), "has no line yet"),  # It is being written.
        ("nothing\n", "its last line is none that"),
        ("[" * 100_000 + "\n", "its last line is none that"),
        (window("\x1b[2J") + "\n", "its last line is none that"),
        (window(photographs=-1) + "\n", "its last line is none that"),
        ("x" * 300_000 + "\n", "its last line is none that"),
    ],
)
def test_a_log_of_something_else_is_one_line(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "log").write_text(content)
    with pytest.raises(UserError, match=reason) as refused:
        last_window(tmp_path / "log")
    assert "\n" not in str(refused.value)


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"log cannot be read: No such file"):
        last_window(tmp_path / "log")


def test_a_folder_is_asked_of_in_a_process_of_its_own(
    told: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []
    answer = SimpleNamespace(returncode=0, stdout=f"{window('detail', photographs=77)}\n", stderr="")

    def run(command: Sequence[str], **options: Any) -> SimpleNamespace:
        asked.append(command[2:])
        assert options["cwd"] == tmp_path
        return answer

    monkeypatch.setattr(subprocess, "run", run)
    assert look_at(tmp_path, tmp_path, "alexnet@prod")[0]
    assert asked == [["alexnet_pipe", "drift", str(tmp_path), "--json", "--model", "alexnet@prod"]]
    assert told.posted[0]["message"].endswith("77 photographs are unlike the training's in detail")
    answer.returncode, answer.stderr = 1, "shown\nalexnet-pipe: 3 photographs are too few to compare: it takes 50\n"
    with pytest.raises(UserError, match=r"^3 photographs are too few to compare: it takes 50$"):
        look_at(tmp_path, tmp_path, "alexnet@prod")


@pytest.mark.parametrize("watches", [True, False])
def test_the_schedule_is_active_where_there_is_something_to_watch(watches: bool) -> None:
    from ruamel.yaml import YAML

    deployments = YAML(typ="safe").load(Path(__file__).parents[2] / "prefect.yaml")["deployments"]
    (schedule,) = next(each["schedules"] for each in deployments if each["name"] == "watch")
    filled = apply_values({"active": schedule["active"]}, {"machine": {"watches": watches}})
    assert filled["active"] is watches
