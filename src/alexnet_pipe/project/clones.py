"""Clones of the project's last commit: one for a challenger, one in which nothing has been computed yet."""

import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dvc.config import Config
from dvc.config_schema import RelPath
from dvc.repo import Repo

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import shortened
from alexnet_pipe.project.checkout import (
    Checkout,
    CommandError,
    commit_identity,
    digests,
    git,
    locked_stages,
    require_commit,
    top_folder,
)
from alexnet_pipe.project.dvc import DvcError, default_remote, dvc, stage_graph, up_to_date
from alexnet_pipe.project.run_lock import end_marked

CHALLENGER = ".prefect/challenger"
CLEAN = ".prefect/certificate"
PATIENCE = 5.0
"""Seconds that another git, which looks or commits, may take."""

_NOT_MADE_YET = ("deleted", "not in cache")


def challenger(project: Checkout) -> Checkout:
    """A clone of the last commit of the branch that is checked out in `project`, its data in place.

    What has been computed in the project, or in an earlier clone, is not computed again. It stays until the next one is
    made.

    Raises:
        UserError: if tracked files have changes that are not committed, no branch is checked out, or git cannot commit
            and push.
    """
    branch = clean_branch(project)
    _refuse_locks(project)
    copy = shared_clone(project, CHALLENGER, "--branch", branch)
    _try_to_commit(project, copy, branch)
    for command in ("fetch", "checkout") if default_remote(copy.root) else ("checkout",):
        with suppress(DvcError):  # The stages make what is missing.
            dvc(copy, command)
    return copy


def last_challenger(project: Checkout) -> Checkout:
    """The clone that `challenger` has made last, if it has made any."""
    return _placed(project, CHALLENGER)


def finished_challenger(project: Checkout) -> Checkout:
    """`last_challenger`, of the branch as it is now, in which all stages have run.

    Raises:
        UserError: if there is none.
    """
    copy = last_challenger(project)
    if not copy.root.exists():
        raise UserError("there is no challenger: `alexnet-pipe retrain` makes one")
    try:
        git(copy, "merge-base", "--is-ancestor", git(project, "rev-parse", "HEAD"), "HEAD")
    except CommandError:
        again = "`alexnet-pipe retrain` makes it anew; what has not changed comes from DVC's cache"
        raise UserError(f"the branch has moved on since the challenger was made: {again}") from None
    graph = stage_graph(copy.root)
    if unfinished := [stage for stage in graph if stage not in up_to_date(copy.root, graph)]:
        raise UserError(f"the challenger is not finished ({shortened(unfinished)}): `alexnet-pipe retrain` goes on")
    return copy


def clean_branch(project: Checkout) -> str:
    """The branch that is checked out in `project`.

    Raises:
        UserError: if tracked files have changes that are not committed, or no branch is checked out.
    """
    branch = git(project, "branch", "--show-current")
    if not branch:
        raise UserError(
            f"{project.root} has no branch checked out: `git switch` to the one that promotions are to be made on"
        )
    _refuse_changes(project, "commit them or undo them, because the work is done in a clone of the last commit")
    return branch


def shared_clone(project: Checkout, place: str, *options: str) -> Checkout:
    """A clone of `project` in its folder `place` that shares DVC's cache and remotes, and the checkpoints, with it.

    What is in `place` is replaced; `options` are those of `git clone`.
    """
    copy = _clone(project, place, *options)
    _share_data(project.root, copy.root)
    return copy


@contextmanager
def clean_clone(project: Checkout) -> Iterator[Checkout]:
    """A clone of the last commit of `project`, which `only_run` has given.

    DVC's cache and the checkpoints are its own. What `params.yaml` names relative to the project is found there. When
    the block ends, what is still at work in it is ended, and it goes.

    Raises:
        UserError: if tracked files have changes that are not committed, or if `dvc.lock` was not made by the commit's
            own code and parameters.
    """
    # The certificate itself may have been renewed since.
    certificate = Artifacts(Path()).certificate
    _refuse_changes(project, "commit or undo them; the last commit is certified", f":(exclude){certificate}")
    try:
        copy = _clone(project, CLEAN)
        with Config(str(copy.root / ".dvc")).edit("local") as settings:
            settings["cache"] = {"dir": RelPath(copy.root / ".dvc/cache")}
        _refuse_outdated(copy)
        yield replace(copy, checkpoints=copy.root / "checkpoints")
    finally:
        end_marked(project.run)
        shutil.rmtree(project.root / CLEAN, ignore_errors=True)


def _placed(project: Checkout, place: str) -> Checkout:
    home = project.root.resolve()
    # The project may be a folder of a larger repository.
    return replace(project, root=home / place / home.relative_to(top_folder(project)), home=home)


def _clone(project: Checkout, place: str, *options: str) -> Checkout:
    shutil.rmtree(project.root / place, ignore_errors=True)
    # Git links no file that lies in a layer of a container's image.
    whole = ("--no-hardlinks", *options)
    git(project, "clone", "--quiet", *whole, str(top_folder(project)), str(project.root.resolve() / place))
    return _placed(project, place)


def _refuse_locks(project: Checkout) -> None:
    """What would stop a promotion, as an editor that `git commit` has opened, stops it before hours of training."""
    deadline = time.monotonic() + PATIENCE
    while locks := locks_of_git(project):
        if time.monotonic() > deadline:
            raise UserError(f"another git is at work here ({locks[0]}): let it end; if there is none, remove that file")
        time.sleep(0.1)


def locks_of_git(project: Checkout) -> list[Path]:
    """The files by which a git that is at work, or was killed, keeps files and branches of `project` to itself."""
    folder = project.root / git(project, "rev-parse", "--git-common-dir")
    return [*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")]


def _try_to_commit(project: Checkout, copy: Checkout, branch: str) -> None:
    """What would stop a promotion, as a key that cannot sign or a hook, stops it before hours of training."""
    git(copy, "commit", "--quiet", "--allow-empty", "--message", "Trial", extra=commit_identity(project))
    git(copy, "push", "--quiet", "--dry-run", "origin", f"HEAD:refs/heads/{branch}")
    git(copy, "reset", "--quiet", "--soft", "HEAD~1")


def _refuse_changes(project: Checkout, remedy: str, *but: str) -> None:
    require_commit(project)
    changed = git(project, "status", "--porcelain", "--untracked-files=no", "--", ".", *but)
    if changed:
        names = shortened([line.split(maxsplit=1)[1] for line in changed.splitlines()])
        raise UserError(f"changes are not committed ({names}): {remedy}")


def _share_data(root: Path, copy: Path) -> None:
    local = root / ".dvc/config.local"
    if local.exists():
        shutil.copy(local, copy / ".dvc/config.local")
    with Repo(str(root)) as repo, Config(str(copy / ".dvc")).edit("local") as settings:
        # Both become relative to the copy: DVC writes no letters but ASCII, and the project's folder may have others.
        settings.setdefault("cache", {})["dir"] = RelPath(Path(repo.cache.local_cache_dir).resolve())
        for name, remote in repo.config["remote"].items():
            settings.setdefault("remote", {}).setdefault(name, {})["url"] = remote["url"]


def _refuse_outdated(copy: Checkout) -> None:
    locked = digests(locked_stages(copy))
    with Repo(str(copy.root)) as repo:
        outputs = [out.def_path for stage in repo.index.stages for out in stage.outs]
        status = {name.rpartition(":")[2]: said for name, said in repo.status().items()}
    outdated = [f"{stage}: {change}" for stage, said in status.items() for change in _changes(said, outputs)]
    outdated += [f"{path} is not in it" for path in outputs if path not in locked]
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
