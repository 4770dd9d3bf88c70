"""What the server must have for this project besides deployments: a limit for the accelerator, and its automations."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.types import SecretDict
from pydantic import SecretStr

from alexnet_pipe.service.deployments import flow_names, local_timezone
from alexnet_pipe.service.gpu_limit import GPU

WEBHOOK = "ALEXNET_PIPE_WEBHOOK"
"""The environment variable with the address that is told of runs that fail."""

_ANY = "prefect.flow-run.*"
_BEGUN = "prefect.flow-run.Pending"
_HEARTBEAT = "prefect.flow-run.heartbeat"
# Ten heartbeats: a server that was away for a minute must not bury the living.
_SILENCE = timedelta(minutes=5)
_PAYLOAD = """{
  "flow": {{ flow.name | tojson }},
  "run": {{ flow_run.name | tojson }},
  "state": {{ flow_run.state.name | tojson }},
  "message": {{ flow_run.state.message | tojson }},
  "link": {{ flow_run | ui_url | tojson }}
}"""


def provision() -> dict[str, str]:
    """Make the server have all of it, once; the project is the working directory.

    Returns:
        What `prefect.yaml` cannot know of this machine: its `timezone`.
    """
    flows = {"prefect.resource.role": "flow", "prefect.resource.name": flow_names(Path())}
    with get_client(sync_client=True) as client:
        client.create_concurrency_limit(GPU, 1)
        _keep(client, _dead(flows))
        if address := os.environ.get(WEBHOOK):
            _keep(client, _told(flows, address))
        else:
            _drop(client, _TOLD)
    return {"timezone": local_timezone()}


_TOLD = "alexnet-pipe: tell of failures"


def _told(flows: Mapping[str, Any], address: str) -> AutomationCore:
    webhook = Webhook(url=SecretStr(address), headers=SecretDict({"Content-Type": "application/json"}))
    block = webhook.save("alexnet-pipe-failures", overwrite=True)
    assert isinstance(block, UUID)
    # The server may look at an event twice if SQLite was busy; within a minute it tells of a run once.
    trigger = _of_a_run(
        flows,
        posture=Posture.Reactive,
        within=timedelta(minutes=1),
        match={"prefect.state-type": ["FAILED", "CRASHED"]},
    )
    return AutomationCore(
        name=_TOLD,
        description=f"{WEBHOOK} is told of each run that fails, crashes or times out",
        trigger=trigger,
        actions=[CallWebhook(block_document_id=block, payload=_PAYLOAD)],
    )


def _dead(flows: Mapping[str, Any]) -> AutomationCore:
    silence = f"no sign of life for {_SILENCE.seconds // 60} minutes: its process is gone"
    return AutomationCore(
        name="alexnet-pipe: runs whose process is gone",
        description="A run that gives no sign of life is marked as crashed",
        trigger=_of_a_run(flows, posture=Posture.Proactive, within=_SILENCE, after={_BEGUN, _HEARTBEAT}),
        actions=[ChangeFlowRunState(name="Crashed", state=StateType.CRASHED, message=silence, force=False)],
    )


def _of_a_run(flows: Mapping[str, Any], match: Mapping[str, Any] | None = None, **trigger: Any) -> EventTrigger:
    resource = {"prefect.resource.id": _ANY, **(match or {})}
    each = {"prefect.resource.id"}
    return EventTrigger(match=resource, match_related=dict(flows), for_each=each, expect={_ANY}, threshold=1, **trigger)


def _keep(client: SyncPrefectClient, automation: AutomationCore) -> None:
    if known := client.read_automations_by_name(automation.name):
        client.update_automation(known[0].id, automation)
    else:
        client.create_automation(automation)


def _drop(client: SyncPrefectClient, name: str) -> None:
    for automation in client.read_automations_by_name(name):
        client.delete_automation(automation.id)
