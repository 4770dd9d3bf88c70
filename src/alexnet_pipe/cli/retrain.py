"""`alexnet-pipe retrain`."""

from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError


def retrain(
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Another value; a promotion commits it."),
    ] = None,
) -> None:
    """Train again if there is something new, and promote the new model only if it is better beyond chance.

    The exit status is 0 unless it failed, whatever the decision.
    """
    from alexnet_pipe.base.signals import end_all_when_told
    from alexnet_pipe.orchestration.settings import flow_of_project
    from alexnet_pipe.params.preset import parse_overrides

    end_all_when_told("retrain")
    state = flow_of_project("retrain")(parse_overrides(settings or []), return_state=True)
    if not state.is_completed():
        raise UserError(state.message)
    print(f"retrain: {state.message}")
