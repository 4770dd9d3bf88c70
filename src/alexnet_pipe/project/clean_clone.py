"""A clone of the project in which nothing has been computed yet."""

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.config import Config
from dvc.repo import Repo

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import CHECKPOINTS, HOME, Artifacts
from alexnet_pipe.base.terminal import shortened
from alexnet_pipe.project.commands import git
from alexnet_pipe.project.run_lock import MARK, end_marked

PLACE = ".prefect/certificate"
_NOT_MADE_YET = ("deleted", "not in cache")


@contextmanager
def clean_clone(root: Path) -> Iterator[Path]:
    """A clone of the last commit of the project `root`; call it inside `lock.only_run`.

    DVC's cache and the checkpoints are its own. By `ALEXNET_PIPE_HOME` it finds what `params.yaml` names relative to
    the project. When the block ends, what is still at work in it is ended, and it goes.

    Args:
        root: An absolute path.

    Raises:
        UserError: if tracked files have changes that are not committed, or if `dvc.lock` was not made by the commit's
            own code and parameters.
    """
    _refuse_changes(root)
    copy = root / PLACE
    shutil.rmtree(copy, ignore_errors=True)
    os.environ |= {HOME: str(root), CHECKPOINTS: str(copy / "checkpoints")}
    try:
        git(root, "clone", "--quiet", str(root), str(copy))
        with Config(str(copy / ".dvc")).edit("local") as settings:
            settings["cache"] = {"dir": str(copy / ".dvc/cache")}
        _refuse_outdated(copy)
        yield copy
    finally:
        del os.environ[HOME], os.environ[CHECKPOINTS]
        end_marked(os.environ[MARK])
        shutil.rmtree(copy, ignore_errors=True)


def digests(copy: Path) -> dict[str, str]:
    """The path of each output, with the digest that `dvc.lock` has of it."""
    with Repo(str(copy)) as repo:
        return {out.def_path: out.hash_info.value for stage in repo.index.stages for out in stage.outs}


def _refuse_changes(root: Path) -> None:
    if not (root / "dvc.lock").exists():
        raise UserError("dvc.lock is missing: run from the project's top folder, after `dvc repro` and a commit")
    # The certificate itself may have been renewed since.
    certificate = Artifacts(Path()).certificate
    changed = git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", f":(exclude){certificate}")
    if changed:
        names = [line.split(maxsplit=1)[1] for line in changed.splitlines()]
        raise UserError(
            f"changes are not committed ({shortened(names)}): commit or undo them; the last commit is certified"
        )


def _refuse_outdated(copy: Path) -> None:
    outputs = digests(copy)
    with Repo(str(copy)) as repo:
        status = {name.rpartition(":")[2]: said for name, said in repo.status().items()}
    outdated = [f"{stage}: {change}" for stage, said in status.items() for change in _changes(said, outputs)]
    outdated += [f"{path} is not in it" for path, digest in outputs.items() if not digest]
    if outdated:
        raise UserError(
            f"dvc.lock is not of this commit's code and parameters ({shortened(outdated)}): run `dvc repro` and commit"
        )


def _changes(said: list[str | Mapping[str, Any]], outputs: Collection[str]) -> list[str]:
    """What DVC's status says of a stage, without the `outputs` that a fresh clone lacks."""
    changes: list[str] = []
    for entry in said:
        for states in entry.values() if isinstance(entry, Mapping) else [{entry: "changed"}]:
            changes += [name for name, state in states.items() if not (name in outputs and state in _NOT_MADE_YET)]
    return changes
