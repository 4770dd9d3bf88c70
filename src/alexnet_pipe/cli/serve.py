"""`alexnet-pipe serve`."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError


def serve(
    cron: Annotated[
        str | None,
        typer.Option(help='When to retrain, in local time; "0 3 * * *", nightly at three, if nothing is said.'),
    ] = None,
) -> None:
    """Run the flows on this machine when they are due, or asked for in the server's UI, until Ctrl-C.

    It needs the server of `alexnet-pipe server`, or the one at PREFECT_API_URL; prefect.yaml says what is run and when.
    ALEXNET_PIPE_WEBHOOK is an address that is told of each run that fails.
    """
    from alexnet_pipe.base.signals import until_told

    until_told(partial(_serve, cron))


def _serve(cron: str | None) -> None:
    from alexnet_pipe.orchestration.settings import quiet_and_local
    from alexnet_pipe.service.address import answers

    root = Path.cwd()
    quiet_and_local(root)
    api = os.environ.get("PREFECT_API_URL")
    if not (api and answers(api)):
        at = f" at {api} (PREFECT_API_URL)" if api else ""
        raise UserError(f"no server answers{at}: start one with `make server`")
    # A run goes on while the server is away, and tells its end when it is back.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "8")
    from alexnet_pipe.service.runner import serve  # It imports Prefect, which reads its settings then.

    serve(root, cron)
