"""Prefect's settings for this project: local, silent towards the outside, and fit for a server that is restarted."""

import logging
import os
from pathlib import Path

from rich.console import Console

from alexnet_pipe.service.address import running_server


def quiet_and_local(root: Path) -> None:
    """Set what is not set yet; call it before Prefect is imported.

    Prefect keeps its database below `root`, sends no telemetry, and uses this project's server if that answers; else
    it starts a short-lived one, and waits long enough for it.
    """
    settings = {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
        # Kept in memory, the slots of running flows would be lost with the server, and never be free again.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    logging.getLogger("prefect.task_runs").addFilter(_is_news)
    if "PREFECT__FLOW_RUN_ID" in os.environ:
        _fit_for_a_runner()
    if "PREFECT_API_URL" not in os.environ and (server := running_server(root)):
        os.environ["PREFECT_API_URL"] = server["api"]


def _is_news(record: logging.LogRecord) -> bool:
    # Prefect tells a failure twice, here with the state's inner parts and an empty traceback.
    return not (record.levelno == logging.ERROR and record.getMessage().startswith("Task run failed with state"))


def _fit_for_a_runner() -> None:
    # A run outlives the runner that reads what it prints; rich would end the run.
    setattr(Console, "on_broken_pipe", lambda _: None)  # noqa: B010
    # Why a run failed is its state; Prefect adds a traceback that leads into Prefect.
    logging.getLogger("prefect.flow_runs").addFilter(
        lambda record: not (record.exc_info and getattr(record.exc_info[0], "__name__", "") == "FailedRun")
    )
