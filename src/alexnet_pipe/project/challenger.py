"""A copy of the project in which a new model is made, so that the champion stays as it is until it is beaten."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dvc.config import Config
from dvc.repo import Repo

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import HOME
from alexnet_pipe.project.commands import CommandError, default_remote, dvc, git

PLACE = ".prefect/challenger"


@contextmanager
def challenger(root: Path) -> Iterator[Path]:
    """A clone of the last commit of the branch that is checked out in `root`, its data in place.

    It shares DVC's cache and remotes, and by `ALEXNET_PIPE_HOME` the checkpoints, with the project: what has been
    computed there, or in an earlier clone, is not computed again. It stays there until the next one is made.

    Raises:
        UserError: if tracked files have changes that are not committed, or no branch is checked out.
    """
    branch = _clean_branch(root)
    copy = root / PLACE
    shutil.rmtree(copy, ignore_errors=True)
    git(root, "clone", "--quiet", "--branch", branch, str(root), str(copy))
    _share_data(root, copy)
    os.environ[HOME] = str(root)
    try:
        yield copy
    finally:
        del os.environ[HOME]


def _clean_branch(root: Path) -> str:
    branch = git(root, "branch", "--show-current")
    if not branch:
        raise UserError(f"{root} has no branch checked out: `git switch` to the one that promotions are to be made on")
    changed = git(root, "status", "--porcelain", "--untracked-files=no")
    if changed:
        names = ", ".join(line.split(maxsplit=1)[1] for line in changed.splitlines())
        raise UserError(f"changes are not committed ({names}): commit them or undo them, because a promotion commits")
    return branch


def _share_data(root: Path, copy: Path) -> None:
    local = root / ".dvc/config.local"
    if local.exists():
        shutil.copy(local, copy / ".dvc/config.local")
    with Repo(str(root)) as repo, Config(str(copy / ".dvc")).edit("local") as settings:
        settings.setdefault("cache", {})["dir"] = repo.cache.local_cache_dir
        for name, remote in repo.config["remote"].items():
            # A relative address would be looked for beside the copy.
            settings.setdefault("remote", {}).setdefault(name, {})["url"] = str(remote["url"])
    _bring_data(copy)


def _bring_data(copy: Path) -> None:
    for command in ("fetch", "checkout") if default_remote(copy) else ("checkout",):
        with suppress(CommandError):  # The stages make what is missing.
            dvc(copy, command)
