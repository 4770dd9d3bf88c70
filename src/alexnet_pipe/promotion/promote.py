"""Put the challenger in the champion's place: all of it, or nothing."""

from typing import Any

import gto.api

from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.dvc import default_remote, dvc
from alexnet_pipe.project.git import CommandError, commit_identity, git
from alexnet_pipe.project.registry import NAME

CARD = "alexnet-card"
"""The name of the model's card in `dvc.yaml` and in the registry, where it has the model's versions and stages."""

UNDER_WAY = ".prefect/promotion.json"
"""Names the commit of a promotion that has not come to its end."""

# Updates the files of the branch that is checked out together with the branch.
_RECEIVE = "git -c receive.denyCurrentBranch=updateInstead receive-pack"


def promote(project: Checkout, copy: Checkout, stage: str, message: str) -> str:
    """Commit and register what was made in `copy`, and bring it to the `project`.

    Branch and tags change together, in one push, after data and model have been pushed to the DVC remote. A death
    before leaves the project as it was; `finish_promotion` ends what a death after it has left open.

    Returns:
        The git tag of the new version.
    """
    identity = commit_identity(project)
    if (card := Artifacts(copy.root).card).exists():
        git(copy, "add", "--", card.name)
    if git(copy, "status", "--porcelain", "--untracked-files=no"):
        git(copy, "commit", "--quiet", "--all", "--message", message, extra=identity)
    version = _register(copy, stage, message, identity)
    if default_remote(copy.root):
        dvc(copy, "push")
    commit, branch = git(copy, "rev-parse", "HEAD"), git(copy, "branch", "--show-current")
    save_json(project.root / UNDER_WAY, {"commit": commit})
    tags = git(copy, "tag", "--points-at", "HEAD").splitlines()
    refs = [f"HEAD:refs/heads/{branch}", *(f"refs/tags/{tag}" for tag in tags)]
    git(copy, "push", "--quiet", "--atomic", f"--receive-pack={_RECEIVE}", "origin", *refs)
    finish_promotion(project)
    return version


def finish_promotion(project: Checkout) -> None:
    """Bring the `project` into order after a promotion, also one that was cut short.

    If the branch has the promotion's commit, the workspace gets its data. If only the files have it, because the push
    died between files and branch, they become the branch's again.
    """
    under_way = project.root / UNDER_WAY
    if not under_way.exists():
        return
    _remove_locks(project)
    commit = load_json(under_way)["commit"]
    if git(project, "rev-parse", "HEAD") == commit:
        dvc(project, "checkout")
    else:
        _take_back(project, commit)
    under_way.unlink()


def push_git(project: Checkout) -> str | None:
    """Push the branch and the tags of its commits to the branch's remote; the reason if that fails."""
    try:
        git(project, "push", "--quiet", "--atomic", "--follow-tags")
    except CommandError as error:
        return str(error)
    return None


def _register(copy: Checkout, stage: str, message: str, identity: dict[str, str]) -> str:
    about: dict[str, Any] = {
        "message": message,
        "author": identity["GIT_AUTHOR_NAME"],
        "author_email": identity["GIT_AUTHOR_EMAIL"],
    }
    version: str = gto.api.register(str(copy.root), NAME, "HEAD", **about).version
    gto.api.register(str(copy.root), CARD, "HEAD", version, **about)
    for name in (NAME, CARD):
        gto.api.assign(str(copy.root), name, stage, version, **about)
    return f"{NAME}@{version}"


def _take_back(project: Checkout, commit: str) -> None:
    try:
        names = git(project, "diff", "--name-only", "--relative", "HEAD", commit).splitlines()
    except CommandError:
        return  # The commit has not come here, so nothing has been touched.
    if all(
        _blob(project, name) in (_blob_in(project, "HEAD", name), _blob_in(project, commit, name)) for name in names
    ):
        git(project, "reset", "--quiet", "--hard", "HEAD")


def _remove_locks(project: Checkout) -> None:
    """Of the files and branches that a killed git was about to change."""
    folder = project.root / git(project, "rev-parse", "--git-common-dir")
    for lock in [*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")]:
        lock.unlink()


def _blob(project: Checkout, name: str) -> str | None:
    return git(project, "hash-object", "--", name) if (project.root / name).exists() else None


def _blob_in(project: Checkout, commit: str, name: str) -> str | None:
    try:
        return git(project, "rev-parse", "--verify", "--quiet", f"{commit}:./{name}")
    except CommandError:
        return None
