"""The command line: `alexnet-pipe`."""

import errno
import importlib
import inspect
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.artifacts import Artifacts
from alexnet_pipe.errors import TransientError, UserError
from alexnet_pipe.startup import without_notices

if TYPE_CHECKING:
    from alexnet_pipe.params.dataset import DatasetParams

PARAMS = Path("params.yaml")
MODEL = Artifacts().model
PRESETS = Path("conf/presets")
STAGES = ("download", "resize", "mean", "pca", "train", "evaluate", "report")
_INTERRUPTED = 130
_NEWER = 3

app = typer.Typer(
    help="AlexNet (2012) as a reproducible pipeline. `dvc repro` runs all stages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if debug:
        os.environ["ALEXNET_PIPE_DEBUG"] = "1"


@app.command()
def stage(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(STAGES)}.")],
    check: Annotated[bool, typer.Option("--check", help="Of download: say if there is something newer.")] = False,
) -> None:
    """Run one stage; its inputs must exist. DVC calls this.

    `stage download --check` only asks the source, in one cheap request, whether it has something that the last download
    did not get: exit status 3 if so, 0 if not.
    """
    if name not in STAGES:
        raise typer.BadParameter(f"{name!r} is no stage; there are {', '.join(STAGES)}", param_hint="NAME")
    from alexnet_pipe.params.load import load_params

    params = load_params(PARAMS)
    if check:
        _check_source(name, params.dataset)
        return
    with without_notices():
        run = importlib.import_module(f"alexnet_pipe.stages.{name}").run
    sections = [section for section in inspect.signature(run).parameters if section != "artifacts"]
    run(Artifacts(), **{section: getattr(params, section) for section in sections})


def _check_source(name: str, dataset: "DatasetParams") -> None:
    if name != "download":
        raise typer.BadParameter("only download can be checked", param_hint="--check")
    from alexnet_pipe.stages.download import newer

    news = newer(Artifacts(), dataset)
    print(f"download: {news or 'nothing newer'}")
    if news:
        raise typer.Exit(_NEWER)


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(metavar="PHOTO|FOLDER", help="Photographs, or folders of them.")],
    model: Annotated[Path, typer.Option(help="The model's file.")] = MODEL,
) -> None:
    """Say what is on photographs: the five most probable classes of each, from ten views."""
    from alexnet_pipe.params.load import load_params
    from alexnet_pipe.params.resize import ResizeParams
    from alexnet_pipe.serving.photographs import files_in

    if not model.exists():
        raise UserError(f"{model} is missing: run `dvc pull {model}` to fetch it, or `dvc repro` to make it")
    photographs = files_in(paths)
    resize = load_params(PARAMS).resize if PARAMS.exists() else ResizeParams()
    with without_notices():
        from alexnet_pipe.serving.table import show_predictions
        from alexnet_pipe.weights.model_file import load_model

        classifier = load_model(model)
    show_predictions(classifier, photographs, resize)


@app.command()
def preset(
    name: Annotated[str | None, typer.Argument(help="The preset; none lists them all.")] = None,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[SECTION.KEY=VALUE]...")] = None,
) -> None:
    """Write a preset into params.yaml, with single settings changed."""
    from alexnet_pipe.params.preset import describe_presets, preset_params, write_params

    if name is None:
        print(describe_presets(PRESETS))
        return
    changes = write_params(PARAMS, preset_params(PRESETS, name, overrides or []))
    print("\n".join(changes) if changes else f"{PARAMS} holds these settings already")
    print("Next: dvc repro, or make run")


@app.command()
def doctor() -> None:
    """Say what will be used here, and what is wrong."""
    from alexnet_pipe.doctor import problems

    with without_notices():
        import keras  # noqa: F401
    if problems(PARAMS):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; a user's mistake ends in one line on standard error and exit status 1."""
    try:
        app()
    except TransientError as error:
        _fail(f"{TransientError.PREFIX}{error}")
    except UserError as error:
        _fail(str(error), error.status)
    except SystemExit as end:
        if end.code != _INTERRUPTED:  # Typer turns KeyboardInterrupt into this.
            raise
        _fail("interrupted; run the same command again to go on", _INTERRUPTED)
    except MemoryError as error:
        _fail(f"out of memory ({error}): close other programs or lower train.batch_size")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            _unexpected(error)
        _fail(f"no space left on the device{_of(error)}: free some and run the same command again")
    except Exception as error:
        _unexpected(error)


def _of(error: OSError) -> str:
    return f" while writing {error.filename}" if error.filename else ""


def _unexpected(error: Exception) -> None:
    reason = " ".join(str(error).split())
    _fail(f"{type(error).__name__}: {reason} (`alexnet-pipe --debug …` shows the traceback)")


def _fail(reason: str, status: int = 1) -> None:
    if os.environ.get("ALEXNET_PIPE_DEBUG"):
        raise
    print(f"alexnet-pipe: {reason}", file=sys.stderr)
    raise SystemExit(status)
