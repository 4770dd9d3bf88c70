"""Run the pipeline's flows on this machine when they are due, or asked for in the UI, until Ctrl-C.

    python flows/serve.py [--cron "0 3 * * *"]

needs the server of `make server`, or the one at `PREFECT_API_URL`. `prefect.yaml` says what is served and when.
`ALEXNET_PIPE_WEBHOOK` is an address that is told of each run that fails.
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.orchestration.settings import quiet_and_local
from alexnet_pipe.service.address import answers
from alexnet_pipe.service.command import run_service

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="serve", description="Run the pipeline's flows when they are due.")
    parser.add_argument("--cron", help='when to retrain, in local time, as "0 3 * * *" (the default, nightly at three)')
    options = parser.parse_args()
    quiet_and_local(ROOT)
    return run_service("serve", partial(_serve, options.cron))


def _serve(cron: str | None) -> None:
    api = os.environ.get("PREFECT_API_URL")
    if not (api and answers(api)):
        at = f" at {api} (PREFECT_API_URL)" if api else ""
        raise UserError(f"no server answers{at}: start one with `make server`")
    # A run goes on while the server is away, and tells its end when it is back.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "8")
    from alexnet_pipe.service.runner import serve  # It imports Prefect, which reads its settings then.

    serve(ROOT, cron)


if __name__ == "__main__":
    sys.exit(main())
