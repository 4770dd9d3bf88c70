"""`alexnet-pipe preset` and `set`: what stands in params.yaml."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError

if TYPE_CHECKING:
    from alexnet_pipe.params.load import Params

_PARAMS = Path("params.yaml")
_PRESETS = Path("conf/presets")
_OVERRIDE = "SECTION.KEY=VALUE"


def preset(
    name: Annotated[
        str | None, typer.Argument(metavar="PRESET", help="Its name; all are listed if none is given.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar=_OVERRIDE, help="Another value for a setting.")
    ] = None,
) -> None:
    """Write a preset into params.yaml, with single settings changed."""
    from alexnet_pipe.params.preset import describe_presets, preset_params

    if name is None:
        print(describe_presets(_PRESETS))
    else:
        _write(preset_params(_PRESETS, name, overrides or []))


def set_(overrides: Annotated[list[str], typer.Argument(metavar=_OVERRIDE, help="Its new value.")]) -> None:
    """Change single settings in params.yaml; all others, and the comments, stay."""
    from alexnet_pipe.params.load import load_params
    from alexnet_pipe.params.preset import overridden, parse_overrides

    _write(overridden(load_params(_PARAMS), parse_overrides(overrides), "set"))


def _write(params: "Params") -> None:
    from alexnet_pipe.params.named_files import require_named_files
    from alexnet_pipe.params.preset import write_params

    changes = write_params(_PARAMS, params)
    print("\n".join(changes) if changes else f"{_PARAMS} holds these settings already")
    try:
        require_named_files(Path(), params)
    except UserError as error:
        print(f"Before a run: {error}")
    else:
        print("Next: dvc repro, or make run")
