"""`alexnet-pipe server`, `serve`, `serve-model` and `demo`: what works until it is told to stop."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.signals import as_service
from alexnet_pipe.base.startup import kept_imports
from alexnet_pipe.cli.models import MODEL, MODEL_HELP


@as_service()
def server() -> None:
    """Serve Prefect and the pipeline's reports to this machine alone, until Ctrl-C.

    It asks for the password in .prefect/authentication, which the first start makes.

    PREFECT_SERVER_API_PORT is the port, 4200 if not set. The state is kept in SQLite below .prefect, or where
    PREFECT_SERVER_DATABASE_CONNECTION_URL says: postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE.
    """
    from alexnet_pipe.orchestration.start import project_folder, quiet_server
    from alexnet_pipe.service.server import run_server

    root = project_folder()
    quiet_server(root)
    run_server(root)


@as_service()
def serve(
    cron: Annotated[
        str | None, typer.Option(help='When to retrain, in local time; "0 3 * * *", nightly at three, if not given.')
    ] = None,
    test_webhook: Annotated[bool, typer.Option("--test-webhook", help="Post one notice as a test, and end.")] = False,
) -> None:
    """Run the project's flows when they are due, or asked for in the server's UI, until Ctrl-C.

    It needs the server of `make server`, or the one at PREFECT_API_URL; prefect.yaml says what is served.
    ALEXNET_PIPE_WEBHOOK is an address that is told of each run that fails, crashes, is cancelled or skipped.
    """
    if test_webhook:
        _test_webhook()
        return
    from alexnet_pipe.orchestration.start import awaited_server, project_folder, quiet_and_local
    from alexnet_pipe.service.address import answers

    root = project_folder()
    api = awaited_server(root)
    if not (api and answers(api)):
        raise UserError("no server answers: start one with `make server`")
    quiet_and_local(root)
    # A run goes on while the server is away, and tells its end when it is back.
    os.environ.setdefault("PREFECT_CLIENT_MAX_RETRIES", "8")
    with kept_imports():
        from alexnet_pipe.service.worker import serve as run_what_is_due  # Prefect reads its settings now.
    run_what_is_due(root, cron)


def _test_webhook() -> None:
    from alexnet_pipe.service.notices import WEBHOOK, send_test

    send_test()
    print(f"serve: {WEBHOOK} has taken the notice")


@as_service()
def serve_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)] = MODEL,
    host: Annotated[
        str, typer.Option(help="The address to listen at; one that others reach needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for a free one.")] = 8000,
    queue: Annotated[int, typer.Option(min=1, max=10_000, help="Photographs that may wait, of all requests.")] = 256,
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="For a request to come, and for its answer.")] = 60,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="https://NAME", help="An address by which requests may name it, as behind a proxy."),
    ] = None,
    drift_log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep a line of JSON of each window of photographs, beside the training's."),
    ] = None,
) -> None:
    """Answer requests over HTTP with a model's predictions, to this machine alone, until Ctrl-C.

    A file that changes, and a stage of the registry that moves, are followed: the new model takes over once it answers.

    ALEXNET_TOKEN, or the file that ALEXNET_TOKEN_FILE names, is what requests must send as `Authorization: Bearer`.
    """
    with kept_imports():
        from alexnet_pipe.inference.inference_server import run_inference_server
    run_inference_server(model, host, port, queue, seconds, origin or [], drift_log)


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
    from alexnet_pipe.base.own_pages import require_port
    from alexnet_pipe.serving.named_files import model_file

    if port:
        require_port(port)  # Before the model is loaded, which takes longest.
    from alexnet_pipe.portable.network import open_network
    from alexnet_pipe.serving.demo_page import Explainer, serve_demo

    with model_file(model) as file:
        network = open_network(file)
    serve_demo(Explainer(network, Artifacts()), model, port)
