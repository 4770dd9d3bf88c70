"""`alexnet-pipe robustness`: what bad photographs cost."""

from typing import Annotated

import typer

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.signals import keeping_nothing
from alexnet_pipe.cli.models import MODEL, MODEL_HELP


@keeping_nothing()
def robustness(
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    photographs: Annotated[
        int, typer.Option("--photographs", "-n", min=1, metavar="N", help="Test images at most, evenly spread.")
    ] = 500,
) -> None:
    """Say how often a model is wrong on the project's test images under fifteen corruptions, of five severities each.

    Of the project's own model it is kept in metrics/robustness.json, for the page.
    """
    from alexnet_pipe.portable.network import open_network
    from alexnet_pipe.serving.corruption_errors import show_corruption_errors
    from alexnet_pipe.serving.named_files import model_file

    with model_file(model) as file:
        network = open_network(file)
    show_corruption_errors(network, Artifacts(), photographs)
