"""`alexnet-pipe new`, `preset` and `set`: a project of its own, and what stands in its params.yaml."""

from math import isinf
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say

if TYPE_CHECKING:
    from alexnet_pipe.params.load import Params

_PARAMS = Path("params.yaml")
_PRESETS = Path("conf/presets")
_OVERRIDE = "SECTION.KEY=VALUE"
_FITTED = "photographs"
_MINUTES = 20.0


def new(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Not there yet, or empty.")]) -> None:
    """Make a project: this program's code, pipeline and settings, as a repository of git and DVC of its own."""
    from alexnet_pipe.project.new_project import make_project

    make_project(folder)
    say(f"{folder} is a project; next: cd {quote(str(folder))} && alexnet-pipe preset")


def preset(
    name: Annotated[
        str | None, typer.Argument(metavar="PRESET", help="Its name; all are listed if none is given.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar=_OVERRIDE, help="Another value for a setting.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=1, help=f"What a run may take here, of `{_FITTED}`; {_MINUTES} if not given.")
    ] = None,
) -> None:
    """Write a preset into params.yaml, with single settings changed.

    `photographs` chooses width, batch and epochs for your own data set, this machine and the time that you name.
    """
    from alexnet_pipe.params.preset import describe_presets, overridden, parse_overrides, preset_params

    if name is None:
        say(describe_presets(_PRESETS))
        return
    params = preset_params(_PRESETS, name, overrides or [])
    if name == _FITTED or minutes is not None:
        params = overridden(_fitted(params, minutes or _MINUTES), parse_overrides(overrides or []), f"preset {name}")
    _write(params)


def set_(overrides: Annotated[list[str], typer.Argument(metavar=_OVERRIDE, help="Its new value.")]) -> None:
    """Change single settings in params.yaml; all others, and the comments, stay."""
    from alexnet_pipe.params.load import load_params
    from alexnet_pipe.params.preset import overridden, parse_overrides

    _write(overridden(load_params(_PARAMS), parse_overrides(overrides), "set"))


def _fitted(params: "Params", minutes: float) -> "Params":
    from alexnet_pipe.experiments.fitting import fitted, photographs_of, this_machine
    from alexnet_pipe.params.load import require_named_files

    if isinf(minutes):
        raise UserError(f"--minutes: {minutes:g} is no time: give a number of minutes")
    if params.dataset.source != "directory":
        raise UserError("--minutes: only photographs on this machine can be counted: set dataset.source=directory")
    require_named_files(Path(), params)
    params, chosen = fitted(params, photographs_of(params.dataset), this_machine(), minutes)
    say(chosen)
    return params


def _write(params: "Params") -> None:
    from alexnet_pipe.params.load import require_named_files
    from alexnet_pipe.params.preset import write_params
    from alexnet_pipe.project.run_lock import require_idle

    require_idle(Path())
    changes = write_params(_PARAMS, params)
    say("\n".join(changes) if changes else f"{_PARAMS} holds these settings already")
    try:
        require_named_files(Path(), params)
    except UserError as error:
        say(f"Before a run: {error}")
    else:
        print("Next: dvc repro, or make run")
