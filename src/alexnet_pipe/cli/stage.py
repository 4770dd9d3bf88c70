"""`alexnet-pipe stage`: what `dvc.yaml` runs."""

import errno
import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.startup import without_notices

if TYPE_CHECKING:
    from alexnet_pipe.params.dataset import DatasetParams
    from alexnet_pipe.params.section import Section
    from alexnet_pipe.params.train import TrainParams

STAGES = ("settings", "download", "resize", "mean", "pca", "train", "evaluate", "report")
_PARAMS = Path("params.yaml")
_NEWER = 3
_DAMAGE = (None, errno.EISDIR, errno.ENOTDIR, errno.ENOENT)
"""What the number of an `OSError` may be that is no fault of the disk or of somebody's rights."""


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
    from alexnet_pipe.project.run_lock import only_writer

    takes_part = name == "train" and is_helper(params.train)
    with nullcontext() if takes_part else only_writer(Path(), name), damage_told(name):
        with without_notices(params.train.backend if name == "train" else None):
            run = importlib.import_module(f"alexnet_pipe.stages.{name}").run
        names = [section for section in inspect.signature(run).parameters if section != "artifacts"]
        sections = {section: getattr(params, section) for section in names}
        run(Artifacts(), **sections)
        require_unchanged(name, sections)


def require_unchanged(stage: str, sections: Mapping[str, "Section"]) -> None:
    """DVC records what `params.yaml` says when a stage ends: that must be what the stage has worked by.

    Raises:
        UserError: if it is not.
    """
    from alexnet_pipe.params.load import load_params

    now = load_params(_PARAMS)
    changed = [
        f"{name}.{key} was {value}, is {getattr(getattr(now, name), key)}"
        for name, section in sections.items()
        for key, value in section
        if value != getattr(getattr(now, name), key)
    ]
    if changed:
        raise UserError(
            f"{_PARAMS} was changed while {stage} ran ({'; '.join(changed)}): put it back, and run `dvc commit -f "
            f"{stage}` to keep what it has made; or run again to make it anew"
        )


def is_helper(train: "TrainParams") -> bool:
    """Whether this is one of several processes that train together, and not the one that writes."""
    from alexnet_pipe.training.rank import rank_of

    rank = rank_of(train)
    return rank is not None and rank.number > 0


@contextmanager
def damage_told(stage: str) -> Iterator[None]:
    """A library's complaint about what another has written into an input of `stage` names that input."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in _DAMAGE:
            raise
        from alexnet_pipe.project.checkout import Checkout
        from alexnet_pipe.project.damage import changed_input

        if damage := changed_input(Checkout(Path()), stage):
            raise UserError(f"{damage} ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from error
        raise


def _check_source(name: str, dataset: "DatasetParams") -> None:
    if name != "download":
        raise typer.BadParameter("only download can be checked", param_hint="--check")
    from alexnet_pipe.stages.download import newer

    news = newer(Artifacts(), dataset)
    say(f"download: {news or 'nothing newer'}")
    if news:
        raise typer.Exit(_NEWER)
