"""The command line: `alexnet-pipe`."""

import errno
import inspect
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from alexnet_pipe.base.errors import StoppedError, TransientError, UserError
from alexnet_pipe.base.files import place_of
from alexnet_pipe.base.signals import unwind_on_signals
from alexnet_pipe.base.startup import reach_this_machine_directly
from alexnet_pipe.base.terminal import printable, without_secrets
from alexnet_pipe.cli.doctor import doctor
from alexnet_pipe.cli.drift import drift, watch
from alexnet_pipe.cli.export import export
from alexnet_pipe.cli.flows import experiments, retrain, run
from alexnet_pipe.cli.labels import relabel, suspects
from alexnet_pipe.cli.models import evaluate, import_weights, predict
from alexnet_pipe.cli.papers import sbom, sign, verify
from alexnet_pipe.cli.robustness import robustness
from alexnet_pipe.cli.services import demo, serve, serve_model, server
from alexnet_pipe.cli.settings import new, preset, set_
from alexnet_pipe.cli.stage import stage
from alexnet_pipe.cli.versions import certify, compare, promote, rollback

app = typer.Typer(
    help="AlexNet (2012) as a reproducible pipeline. `run` runs it, and so does `dvc repro`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
VERBS = (
    *(run, retrain, promote, rollback, experiments, server, serve, serve_model),
    *(new, stage, preset, set_, predict, evaluate, robustness, suspects, relabel, compare, certify),
    *(sign, verify, sbom, drift, watch, import_weights, export, demo, doctor),
)
for verb in VERBS:
    # Typer would keep the docstring's line breaks on a terminal of another width.
    app.command(
        verb.__name__.rstrip("_").replace("_", "-"),
        help=re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(verb.__doc__ or "")),
    )(verb)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"alexnet-pipe {version('alexnet-pipe')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    if debug:
        os.environ["ALEXNET_PIPE_DEBUG"] = "1"


def main() -> None:
    """Run the command line; a user's mistake ends in one line on standard error and exit status 1."""
    _replace_closed_output()
    unwind_on_signals()
    reach_this_machine_directly()
    try:
        _require_own_code(Path.cwd())
        sys.exit(app(prog_name="alexnet-pipe", standalone_mode=False) or 0)
    except TyperException as error:
        if not error.format_message():  # Without any words, help has been shown.
            sys.exit(error.exit_code)
        _fail(_usage(error), error.exit_code)
    except typer.Abort:
        _fail("aborted")
    except StoppedError as stopped:
        _fail(str(stopped), stopped.status)
    except TransientError as error:
        _fail(f"{TransientError.PREFIX}{error}")
    except UserError as error:
        _fail(str(error), error.status)
    except MemoryError as error:
        _fail(f"out of memory ({error}): close other programs or lower train.batch_size")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            place = f" while writing {place_of(str(error.filename))}" if error.filename else ""
            _fail(f"no space left on the device{place}: free some and run the same command again")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and error.filename:
            reason = str(error.strerror).lower()
            _fail(f"{place_of(str(error.filename))}: {reason}: work in a folder that you may write to")
        _unexpected(error)
    except Exception as error:
        _unexpected(error)


def _replace_closed_output() -> None:
    """Python has no `sys.stdout` after `>&-`; what is opened next would get its number, and libraries' words."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _require_own_code(folder: Path) -> None:
    """The project in `folder` runs by its own code; without an environment of its own, with the libraries of this one.

    A copy of a project has the environment of the first one, whose code would run in its place.
    """
    own, loaded = folder / "src/alexnet_pipe", Path(__file__).parents[1]
    if not own.is_dir() or own.resolve() == loaded.resolve():
        return
    whole = all((own / name).is_file() for name in ("__init__.py", "__main__.py"))
    if whole and not (folder / ".venv").exists():
        before = [path] if (path := os.environ.get("PYTHONPATH")) else []
        os.environ["PYTHONPATH"] = os.pathsep.join([str(own.parent.resolve()), *before])
        os.execv(sys.executable, [sys.executable, "-m", "alexnet_pipe", *sys.argv[1:]])
    raise UserError(
        f"this program is that of {loaded.parents[1]}, not the project in this folder: run `make setup` here"
    )


def _usage(error: TyperException) -> str:
    """One line in place of Typer's box."""
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else "alexnet-pipe"
    reason = " ".join(error.format_message().split()).rstrip(".")
    return f"{verb.partition(' ')[2]}: {reason} (`{verb} --help` shows what there is)".removeprefix(": ")


def _unexpected(error: Exception) -> None:
    if isinstance(error, UnicodeError) and (encoding := sys.getfilesystemencoding()) != "utf-8":
        _fail(f"names are read as {encoding}, and one has other letters: `unset PYTHONUTF8` or set LC_ALL to C.UTF-8")
    reason = " ".join(str(error).split())
    _fail(f"{type(error).__name__}: {reason} (`alexnet-pipe --debug …` shows the traceback)")


def _fail(reason: str, status: int = 1) -> None:
    if os.environ.get("ALEXNET_PIPE_DEBUG"):
        raise
    print(f"alexnet-pipe: {printable(without_secrets(reason))}", file=sys.stderr)
    raise SystemExit(status)
