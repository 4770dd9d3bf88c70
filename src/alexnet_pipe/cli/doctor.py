"""`alexnet-pipe doctor`."""

from pathlib import Path

import typer

from alexnet_pipe.base.startup import without_notices

_PARAMS = Path("params.yaml")


def doctor() -> None:
    """Say what will be used here, and what is wrong."""
    from alexnet_pipe.doctor import problems

    with without_notices():
        import keras  # noqa: F401
    if problems(_PARAMS):
        raise typer.Exit(1)
