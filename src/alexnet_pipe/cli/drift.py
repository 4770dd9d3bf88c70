"""`alexnet-pipe drift` and `watch`: whether photographs are still like those of the training."""

from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.cli.models import MODEL, MODEL_HELP


@keeping_nothing()
def drift(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO|FOLDER|LIST|-",
            help="Photographs, folders of them, or text lists (.txt) with a path a line; - reads such a list.",
        ),
    ],
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    newest: Annotated[
        int, typer.Option(min=1, metavar="N", help="Look at so many at most, those that were written last.")
    ] = 1000,
    any_mixture: Annotated[
        bool, typer.Option("--any-mixture", help="Of some classes there may be more than in the training.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say whether photographs are like those that a model was trained on: grey levels, sizes, features and guesses.

    It takes 50 of them. The exit status is 0 whatever it finds.
    """
    from alexnet_pipe.portable.network import open_network
    from alexnet_pipe.serving.drift import show_drift
    from alexnet_pipe.serving.named_files import files_in, model_file

    with model_file(model) as file:
        photographs = files_in(names)
        network = open_network(file)
    if len(photographs) > newest:
        photographs = sorted(sorted(photographs, key=_written)[-newest:])
    show_drift(network, photographs, json, not any_mixture)


def _written(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def watch(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="FOLDER|LOG",
            help="Photographs, or a log of `serve-model --drift-log`; what ALEXNET_PIPE_WATCH says if not given.",
        ),
    ] = None,
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
) -> None:
    """Look once whether what comes in is like the training, and tell ALEXNET_PIPE_WEBHOOK if it no longer is.

    It is told once, and again only after it was over. `make serve` looks each hour. The exit status is 0 unless it
    failed, whatever it finds.
    """
    from alexnet_pipe.orchestration.start import run_flow

    named = {"place": str(Path(place).resolve())} if place else {}
    state = run_flow("watch", {**named, "model": model})
    if not state.is_completed():
        raise UserError(state.message or state.name)
    say(f"watch: {state.message}")
