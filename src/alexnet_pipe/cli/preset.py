"""`alexnet-pipe preset`."""

from pathlib import Path
from typing import Annotated

import typer

_PARAMS = Path("params.yaml")
_PRESETS = Path("conf/presets")


def preset(
    name: Annotated[str | None, typer.Argument(help="The preset; none lists them all.")] = None,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[SECTION.KEY=VALUE]...")] = None,
) -> None:
    """Write a preset into params.yaml, with single settings changed."""
    from alexnet_pipe.params.preset import describe_presets, preset_params, write_params

    if name is None:
        print(describe_presets(_PRESETS))
        return
    changes = write_params(_PARAMS, preset_params(_PRESETS, name, overrides or []))
    print("\n".join(changes) if changes else f"{_PARAMS} holds these settings already")
    print("Next: dvc repro, or make run")
