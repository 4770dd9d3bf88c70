"""What the server must have for this project besides deployments: a limit for the accelerator, and its automation."""

import hashlib
import json
import os
import shlex
import sys
import zoneinfo
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas import filters
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.startup import PROGRAM
from alexnet_pipe.params.load import known_keys
from alexnet_pipe.service.address import API, TEMPORARY
from alexnet_pipe.service.watching import WATCH

GPU = "gpu"
"""The tag of the tasks that compute on a GPU, where there is one; a server can limit how many run at once."""


def gpu_tags() -> list[str]:
    """The tags of a task that computes on a GPU; none without a server that stays.

    A temporary server never frees the slot of a run that was killed, and the next run would wait for it for ever.
    """
    return [GPU] if os.environ.get(API) and not os.environ.get(TEMPORARY) else []


POOL = "alexnet-pipe"
"""The work pool, as in `prefect.yaml`."""

OF_POOL = filters.WorkPoolFilter(name=filters.WorkPoolFilterName(any_=[POOL]))

CRON = "ALEXNET_PIPE_CRON"
"""The environment variable with the schedule of the retraining, where it is another than nightly at three."""

_DEPLOYED = Path("prefect.yaml")
_NIGHTLY = "0 3 * * *"
_FLOWS = ("pipeline", "retrain", "experiments", "watch")
_ANY = "prefect.flow-run.*"
_BEGUN = "prefect.flow-run.Pending"
_HEARTBEAT = "prefect.flow-run.heartbeat"
# Ten heartbeats: a server that was away for a minute must not bury the living.
_SILENCE = timedelta(minutes=5)


def provision(cron: str | None = None) -> dict[str, Any]:
    """Make the server have all of it, once; call it in the project's folder.

    Args:
        cron: When to retrain, in the place of what `CRON` in the environment says.

    Returns:
        What `prefect.yaml` cannot know of this machine: its `timezone`, the `cron` expression of the retraining, and
        the `engine` that runs a flow, and whether it `watches` what comes in. Left to itself, Prefect starts one more
        process a run to find out the same. `version` changes with all that a deployment is made from.
    """
    with get_client(sync_client=True) as client:
        client.create_concurrency_limit(GPU, 1)
        _keep(client, _dead())
    engine = shlex.join([sys.executable, "-m", PROGRAM, "prefect.engine"])
    facts: dict[str, Any] = {"timezone": local_timezone(), "cron": cron or os.environ.get(CRON, _NIGHTLY)}
    facts |= {"engine": engine, "watches": bool(os.environ.get(WATCH))}
    return {**facts, "version": _version(facts)}


def is_deployed(cron: str | None) -> bool:
    """Whether the server has what `prefect deploy --all` would make of `prefect.yaml` here and now, with `cron`."""
    try:
        named = {each["name"] for each in YAML(typ="safe").load(_DEPLOYED)["deployments"]}
    except (OSError, ValueError, YAMLError, KeyError, TypeError):
        return False  # Prefect says what is wrong with it.
    made = provision(cron)["version"]
    with get_client(sync_client=True) as client:
        deployments = client.read_deployments(work_pool_filter=OF_POOL)
    return named == {each.name for each in deployments if each.version == made}


def _version(facts: dict[str, Any]) -> str:
    paths = [*_DEPLOYED.parent.glob(_DEPLOYED.name), *sorted(Path("flows").glob("*.py"))]
    files = {str(path): file_digest(path) for path in paths}
    content = json.dumps([version("prefect"), facts, files])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def refuse_unknown_parameters() -> None:
    """Have the server refuse to make a run with a parameter that its flow, or `params.yaml`, does not know."""
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments(work_pool_filter=OF_POOL):
            schema = {**(deployment.parameter_openapi_schema or {}), "additionalProperties": False}
            if params := schema.get("properties", {}).get("params"):
                params["propertyNames"] = {"enum": known_keys()}
            # Prefect's own method for it leaves out what its model of a schema does not have.
            content = {"parameter_openapi_schema": schema}
            client.request("PATCH", "/deployments/{id}", path_params={"id": deployment.id}, json=content)


def local_timezone() -> str:
    """The name of this machine's time zone, as Europe/Berlin."""
    zone = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    return zone if zone in zoneinfo.available_timezones() else "UTC"


def _dead() -> AutomationCore:
    """For runs that nobody looks after, as those that were started by hand."""
    silence = f"no sign of life for {_SILENCE.seconds // 60} minutes: its process is gone"
    trigger = EventTrigger(
        match={"prefect.resource.id": _ANY},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": list(_FLOWS)},
        for_each={"prefect.resource.id"},
        after={_BEGUN, _HEARTBEAT},
        expect={_ANY},
        threshold=1,
        posture=Posture.Proactive,
        within=_SILENCE,
    )
    return AutomationCore(
        name="alexnet-pipe: runs whose process is gone",
        description="A run that gives no sign of life is marked as crashed",
        trigger=trigger,
        actions=[ChangeFlowRunState(name="Crashed", state=StateType.CRASHED, message=silence, force=False)],
    )


def _keep(client: SyncPrefectClient, automation: AutomationCore) -> None:
    if known := client.read_automations_by_name(automation.name):
        client.update_automation(known[0].id, automation)
    else:
        client.create_automation(automation)
