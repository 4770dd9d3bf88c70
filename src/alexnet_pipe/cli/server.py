"""`alexnet-pipe server`."""

from functools import partial
from pathlib import Path


def server() -> None:
    """Start this project's Prefect server, with the pipeline's reports, for this machine alone, until Ctrl-C.

    PREFECT_SERVER_API_PORT is its port, 4200 if not set. It keeps its state in SQLite below .prefect, or where
    PREFECT_SERVER_DATABASE_CONNECTION_URL says: postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE.
    """
    from alexnet_pipe.base.signals import until_told
    from alexnet_pipe.orchestration.settings import quiet_and_local
    from alexnet_pipe.service.server import run_server

    root = Path.cwd()
    quiet_and_local(root)
    until_told(partial(run_server, root))
