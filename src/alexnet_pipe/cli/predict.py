"""`alexnet-pipe predict`, `evaluate` and `demo`: what a model says of photographs."""

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.signals import as_service
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
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many classes of each are told.")] = 5,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there: JSON if the name ends with .json or .jsonl, else CSV."),
    ] = None,
) -> None:
    """Say what is on photographs: the most probable classes of each, from ten views."""
    from alexnet_pipe.serving.named_model import model_file
    from alexnet_pipe.serving.photographs import files_in

    forms = [form for form, wanted in {"csv": csv, "json": json, "submission": submission}.items() if wanted]
    if len(forms) > 1:
        raise typer.BadParameter("they exclude each other", param_hint=" and ".join(f"--{form}" for form in forms))
    if out and not forms:
        forms = ["json" if out.suffix in (".json", ".jsonl") else "csv"]
    with model_file(model) as file:
        photographs = files_in(names)
        with without_notices():
            from alexnet_pipe.model.forms import forms_for
            from alexnet_pipe.model.model_file import load_model
            from alexnet_pipe.serving.show_predictions import show_predictions

            classifier = load_model(file, forms_for(len(photographs)))
    with _standard_output_in(out):
        show_predictions(classifier, photographs, (forms or ["table"])[0], top)


@contextmanager
def _standard_output_in(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    with written_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file, redirect_stdout(file):
        yield


def evaluate(
    images: Annotated[Path, typer.Option(metavar="FOLDER", help="A folder with a folder of photographs a class.")],
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help=f"{MODEL_HELP} If none is named, the project's.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
) -> None:
    """Say how often models are wrong on labelled photographs, and how often several are together.

    Errors come from one view and from ten, with 95 % intervals. Together, models are the mean of their softmax.
    """
    from alexnet_pipe.serving.named_model import model_file

    models = models or [MODEL]
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


@as_service()
def demo(
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The page's port; else the first free one from 7860 on."),
    ] = None,
) -> None:
    """Show a page to try photographs on, to this machine alone, until Ctrl-C."""
    if not find_spec("gradio"):
        raise UserError("Gradio is missing: run `make setup`, or `pip install 'alexnet-pipe[demo]'`")
    from alexnet_pipe.serving.named_model import model_file

    with model_file(model) as file, without_notices():
        from alexnet_pipe.model.forms import fastest_forms
        from alexnet_pipe.model.model_file import load_model
        from alexnet_pipe.serving.demo_page import serve_demo
        from alexnet_pipe.serving.explanation import Explainer

        classifier = load_model(file, fastest_forms())
    serve_demo(Explainer(classifier, Artifacts()), model, port)
