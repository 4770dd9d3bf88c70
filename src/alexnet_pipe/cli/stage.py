"""`alexnet-pipe stage`: what `dvc.yaml` runs."""

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.startup import without_notices

if TYPE_CHECKING:
    from alexnet_pipe.params.dataset import DatasetParams

STAGES = ("settings", "download", "resize", "mean", "pca", "train", "evaluate", "report")
_PARAMS = Path("params.yaml")
_NEWER = 3


def stage(
    name: Annotated[str, typer.Argument(metavar="STAGE", help=f"One of {', '.join(STAGES)}.")],
    check: Annotated[bool, typer.Option("--check", help="Of download: say if there is something newer.")] = False,
) -> None:
    """Run one stage; its inputs must exist. DVC calls this.

    `stage download --check` only asks the source, in one cheap request, whether it has something that the last download
    did not get: exit status 3 if so, 0 if not.
    """
    if name not in STAGES:
        raise typer.BadParameter(f"{name!r} is no stage; there are {', '.join(STAGES)}", param_hint="STAGE")
    from alexnet_pipe.params.load import load_params

    params = load_params(_PARAMS)
    if check:
        _check_source(name, params.dataset)
        return
    from alexnet_pipe.project.stage_lock import only_writer

    with only_writer(Path(), name):
        with without_notices():
            run = importlib.import_module(f"alexnet_pipe.stages.{name}").run
        sections = [section for section in inspect.signature(run).parameters if section != "artifacts"]
        run(Artifacts(), **{section: getattr(params, section) for section in sections})


def _check_source(name: str, dataset: "DatasetParams") -> None:
    if name != "download":
        raise typer.BadParameter("only download can be checked", param_hint="--check")
    from alexnet_pipe.stages.download import newer

    news = newer(Artifacts(), dataset)
    say(f"download: {news or 'nothing newer'}")
    if news:
        raise typer.Exit(_NEWER)
