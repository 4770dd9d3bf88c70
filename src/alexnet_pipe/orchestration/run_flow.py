"""Run a flow of the project from the command line, with the project's server or with one of its own."""

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.signals import exit_on_signals

if TYPE_CHECKING:
    from prefect.states import State


def project_folder() -> Path:
    """The current folder, which must be a project's.

    Raises:
        UserError: if it has no flows.
    """
    folder = Path.cwd()
    if not (folder / "flows/pipeline.py").exists():
        raise UserError(f"{folder} has no flows/pipeline.py: run this from the project's folder")
    return folder


def run_flow(name: str, parameters: Mapping[str, Any]) -> "State[Any]":
    """Run the flow of `flows/NAME.py` to its end; a signal ends it at once.

    Raises:
        UserError: outside a project, or if the flow failed or was not let in.
    """
    folder = project_folder()
    exit_on_signals()
    # The project's, whatever else bears that name.
    sys.path.insert(0, str(folder))
    flow = getattr(import_module(f"flows.{name}"), name)
    # In the main thread Prefect would answer SIGTERM itself.
    with ThreadPoolExecutor(1) as thread:
        state: State[Any] = thread.submit(flow, **parameters, return_state=True).result()
    return state
