"""`alexnet-pipe evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.cli.predict import MODEL_HELP


def evaluate(
    models: Annotated[list[str], typer.Argument(metavar="MODEL", help=MODEL_HELP)],
    images: Annotated[Path, typer.Option(metavar="FOLDER", help="A folder with a folder of photographs a class.")],
    json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
) -> None:
    """Say how often models are wrong on labelled photographs, and how often several are together.

    Errors come from one view and from ten, with 95 % intervals. Together, models are the mean of their softmax.
    """
    from alexnet_pipe.serving.named_model import model_file

    if len(set(models)) < len(models):
        raise typer.BadParameter("one is named twice", param_hint="MODEL")
    classifiers = {}
    for name in models:
        with model_file(name) as file, without_notices():
            from alexnet_pipe.model.forms import fastest_forms
            from alexnet_pipe.model.model_file import load_model
            from alexnet_pipe.serving.photograph_errors import show_errors

            classifiers[name] = load_model(file, fastest_forms())
    show_errors(classifiers, images, json)
