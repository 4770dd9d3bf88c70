"""`alexnet-pipe predict`."""

from typing import Annotated

import typer

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.startup import without_notices

MODEL = str(Artifacts().model)
MODEL_HELP = (
    "A model's file; or, where there is no such file, alexnet@STAGE or alexnet@VERSION of the registry, "
    "or a revision of the project: a commit, branch, tag or experiment."
)


def predict(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO|FOLDER|LIST|-",
            help="Photographs, folders of them, or text lists (.txt) with a path a line, seen from the current folder; "
            "- reads such a list from standard input.",
        ),
    ],
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a photograph.")] = False,
    submission: Annotated[bool, typer.Option("--submission", help="Print what Kaggle takes as a submission.")] = False,
) -> None:
    """Say what is on photographs: the five most probable classes of each, from ten views."""
    from alexnet_pipe.serving.named_model import model_file
    from alexnet_pipe.serving.photographs import files_in

    forms = [form for form, wanted in {"csv": csv, "json": json, "submission": submission}.items() if wanted]
    if len(forms) > 1:
        raise typer.BadParameter("they exclude each other", param_hint=" and ".join(f"--{form}" for form in forms))
    with model_file(model) as file:
        photographs = files_in(names)
        with without_notices():
            from alexnet_pipe.model.forms import forms_for
            from alexnet_pipe.model.model_file import load_model
            from alexnet_pipe.serving.show_predictions import show_predictions

            classifier = load_model(file, forms_for(len(photographs)))
    show_predictions(classifier, photographs, *forms)
