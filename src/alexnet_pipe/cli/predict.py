"""`alexnet-pipe predict`."""

from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.artifacts import Artifacts
from alexnet_pipe.errors import UserError
from alexnet_pipe.startup import without_notices

MODEL = Artifacts().model


def predict(
    paths: Annotated[list[Path], typer.Argument(metavar="PHOTO|FOLDER", help="Photographs, or folders of them.")],
    model: Annotated[Path, typer.Option(help="The model's file.")] = MODEL,
) -> None:
    """Say what is on photographs: the five most probable classes of each, from ten views."""
    from alexnet_pipe.serving.photographs import files_in

    if not model.exists():
        raise UserError(f"{model} is missing: run `dvc pull {model}` to fetch it, or `dvc repro` to make it")
    photographs = files_in(paths)
    with without_notices():
        from alexnet_pipe.serving.table import show_predictions
        from alexnet_pipe.weights.model_file import load_model

        classifier = load_model(model)
    show_predictions(classifier, photographs)
