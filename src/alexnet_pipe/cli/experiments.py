"""`alexnet-pipe experiments`."""

from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError


def experiments(
    name: Annotated[str, typer.Argument(metavar="[SET]", help="A file in conf/experiments/.")] = "ablations",
    seeds: Annotated[
        list[int] | None, typer.Option("--seed", help="2012, 2013 and 2014 if nothing is said; several times.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This configuration, and the first; several times.")
    ] = None,
) -> None:
    """Train a set of configurations with several seeds each, and compare them in one table."""
    from rich.console import Console

    from alexnet_pipe.base.signals import end_all_when_told
    from alexnet_pipe.experiments.table import ABOUT, rich_table
    from alexnet_pipe.orchestration.settings import flow_of_project

    end_all_when_told("experiments")
    chosen = {"seeds": tuple(seeds)} if seeds else {}
    state = flow_of_project("experiments")(name, configurations=tuple(only or ()), return_state=True, **chosen)
    rows = state.result(raise_on_failure=False)
    if isinstance(rows, list):
        Console().print(rich_table(rows), ABOUT, sep="")
    if not state.is_completed():
        raise UserError(state.message)
