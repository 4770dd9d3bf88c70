"""`alexnet-pipe demo`."""

from importlib.util import find_spec
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.cli.predict import MODEL, MODEL_HELP


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
