"""This project's Prefect server and the pipeline's reports, until Ctrl-C.

    python flows/server.py

`PREFECT_SERVER_API_PORT` is its port, 4200 if not set. It keeps its state in SQLite below `.prefect`, or where
`PREFECT_SERVER_DATABASE_CONNECTION_URL` says: `postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE`.
"""

import sys
from functools import partial
from pathlib import Path

from alexnet_pipe.orchestration.settings import quiet_and_local
from alexnet_pipe.service.command import run_service
from alexnet_pipe.service.server import run_server

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Serve until a signal comes."""
    quiet_and_local(ROOT)
    return run_service("server", partial(run_server, ROOT))


if __name__ == "__main__":
    sys.exit(main())
