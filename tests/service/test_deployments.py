"""What is served is what `prefect.yaml` says, which workers are told as well."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alexnet_pipe.orchestration.settings import quiet_and_local

ROOT = Path(__file__).parents[2]
DUMP = """
import json
from pathlib import Path
from alexnet_pipe.service.deployments import read_deployments
each = [read_deployments(Path(), cron) for cron in (None, "*/5 * * * *")]
print(json.dumps([[deployment.model_dump(mode="json") for deployment in found] for found in each]))
"""

pytestmark = pytest.mark.slow


def schedules(found: list[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    of = {each["name"]: [schedule["schedule"] for schedule in each["schedules"]] for each in found}
    return {name: [(schedule["cron"], schedule["timezone"]) for schedule in each] for name, each in of.items()}


def test_all_flows_are_served_one_run_each_and_retraining_is_nightly_in_local_time() -> None:
    # In a process of its own: it imports the flows, which make Prefect's settings.
    environment = {**os.environ, "TZ": "Europe/Berlin"}
    found, told = json.loads(subprocess.check_output([sys.executable, "-c", DUMP], cwd=ROOT, env=environment))
    assert [each["flow_name"] for each in found] == ["pipeline", "retrain", "experiments"]
    assert {each["concurrency_limit"] for each in found} == {1}
    assert {each["concurrency_options"]["collision_strategy"] for each in found} == {"CANCEL_NEW"}
    assert {each["work_pool_name"] for each in found} == {None}
    assert schedules(found) == {"pipeline": [], "retrain": [("0 3 * * *", "Europe/Berlin")], "experiments": []}
    assert schedules(told)["retrain"] == [("*/5 * * * *", "Europe/Berlin")]


def test_a_run_of_a_worker_has_the_heartbeat_of_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    quiet_and_local(tmp_path)
    for each in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]:
        (name, value), *others = each["work_pool"]["job_variables"]["env"].items()
        assert (os.environ[name], others) == (value, [])
