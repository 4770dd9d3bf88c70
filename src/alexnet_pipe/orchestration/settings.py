"""Prefect's settings for this project: local, and silent towards the outside."""

import os
from pathlib import Path


def quiet_and_local(root: Path) -> None:
    """Set what is not set yet; call it before Prefect is imported.

    Prefect keeps its database below `root`, sends no telemetry, and waits long enough for its own short-lived server.
    """
    settings = {
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
