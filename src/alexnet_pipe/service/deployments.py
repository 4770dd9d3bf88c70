"""What `prefect.yaml` says can be run, for a runner on this machine; workers get the same from `prefect deploy`."""

import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.utilities.templating import apply_values
from pydantic import ValidationError
from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError


def read_deployments(root: Path, cron: str | None = None) -> list[RunnerDeployment]:
    """The deployments of `prefect.yaml`, without its work pool.

    Args:
        root: The project; also the working directory.
        cron: Takes the place of the schedule that the file gives.

    Raises:
        UserError: if `cron` is no cron expression.
    """
    return [_deployment(entry, cron) for entry in _entries(root)]


def flow_names(root: Path) -> list[str]:
    """The names of the flows that `prefect.yaml` runs."""
    return [entry["entrypoint"].rpartition(":")[2] for entry in _entries(root)]


def local_timezone() -> str:
    """The name of this machine's time zone, as Europe/Berlin."""
    zone = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    return zone if zone in zoneinfo.available_timezones() else "UTC"


def _entries(root: Path) -> list[dict[str, Any]]:
    entries = YAML(typ="safe").load(root / "prefect.yaml")["deployments"]
    return apply_values(entries, {"machine": {"timezone": local_timezone()}})


def _deployment(entry: Mapping[str, Any], cron: str | None) -> RunnerDeployment:
    deployment = RunnerDeployment.from_entrypoint(
        entry["entrypoint"],
        name=entry["name"],
        schedules=[_schedule(cron or each["cron"], each["timezone"]) for each in entry.get("schedules", [])],
        concurrency_limit=ConcurrencyLimitConfig(**entry["concurrency_limit"]),
    )
    # Set, though it is None, it takes the deployment back from the workers.
    deployment.work_pool_name = None
    deployment.work_queue_name = None
    return deployment


def _schedule(cron: str, timezone: str) -> CronSchedule:
    try:
        return CronSchedule(cron=cron, timezone=timezone)
    except ValidationError:
        raise UserError(
            f'{cron!r} is no cron expression: write one as "0 3 * * *", which is every night at three'
        ) from None
