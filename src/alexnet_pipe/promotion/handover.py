"""Hand the champion's stage over, to a challenger or back: branch, tags and files change together, or not at all."""

from typing import Any

import gto.api
from gto.versions import SemVer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout, CommandError, commit_identity, git
from alexnet_pipe.project.dvc import default_remote, dvc
from alexnet_pipe.project.registry import NAME, registered_versions, versions_in_stage
from alexnet_pipe.promotion.delivery import SUBJECT, bring, tags_of

CARD = "alexnet-card"
"""The name of the model's card in `dvc.yaml` and in the registry, where it has the model's versions and stages."""


def promote(project: Checkout, copy: Checkout, stage: str, reason: str) -> str:
    """Commit and register what was made in `copy`, give it the stage, and bring it to the `project`.

    Branch and tags change together, in one push, after data and model have been pushed to the DVC remote. A death
    before leaves the project as it was; `finish_promotion` ends what a death after it has left open.

    Returns:
        The git tag of the new version.
    """
    if (card := Artifacts(copy.root).card).exists():
        git(copy, "add", "--", card.name)
    message = f"{SUBJECT}: {reason}"
    if git(copy, "status", "--porcelain", "--untracked-files=no"):
        git(copy, "commit", "--quiet", "--all", "--message", message, extra=commit_identity(project))
    return promote_commit(project, copy, stage, message)


def promote_commit(project: Checkout, copy: Checkout, stage: str, message: str) -> str:
    """Give the stage to the commit that is checked out in `copy`, and bring it to the `project`; as `promote`.

    A branch is brought only if `copy` is on one.
    """
    known, commit = tags_of(copy), git(copy, "rev-parse", "HEAD")
    about = _about(project, message)
    versions = {at: version for version, at in registered_versions(copy.root).items()}
    version = versions.get(commit) or gto.api.register(str(copy.root), NAME, commit, **about).version
    _give(copy, stage, version, about)
    if default_remote(copy.root):
        dvc(copy, "push")
    bring(project, copy, known)
    return f"{NAME}@{version}"


def roll_back(project: Checkout, copy: Checkout, stage: str) -> tuple[str, str]:
    """Take the stage from the champion, and give it to the one before, all at once.

    It is done in `copy`, a clone of the branch of the `project`, which has no uncommitted changes. What the promotion
    has committed is reverted in a commit of its own, and the files of the workspace follow.

    Returns:
        The git tags of both versions: the one that has lost the stage, and the one that has it again.

    Raises:
        UserError: if there was no champion before, or later commits stand in the way.
    """
    last, *before = versions_in_stage(copy.root, stage) or [""]
    if not before:
        raise UserError(f"there is nothing to go back to: no other model has had the stage {stage}")
    names, known = (f"{NAME}@{last}", f"{NAME}@{before[0]}"), tags_of(copy)
    message = f"Take back {names[0]}: {names[1]} has the stage {stage} again"
    if git(copy, "log", "-1", "--format=%s", names[0]).startswith(SUBJECT):
        _revert(project, copy, names, message)
    _give(copy, stage, before[0], _about(project, message))
    bring(project, copy, known)
    return names


def _give(copy: Checkout, stage: str, version: str, about: dict[str, Any]) -> None:
    """Model and card of `version` get the stage.

    Where several versions have it, some readers of the registry take the highest, others the latest. So higher ones
    lose it first.
    """
    root = str(copy.root)
    for name in (NAME, CARD):
        if version not in registered_versions(copy.root, name):
            gto.api.register(root, name, f"{NAME}@{version}", version, **about)
        for other in versions_in_stage(copy.root, stage, name):
            if SemVer(other) > SemVer(version):
                gto.api.unassign(root, name, version=other, stage=stage, **about)
        gto.api.assign(root, name, stage, version, force=True, **about)


def _revert(project: Checkout, copy: Checkout, names: tuple[str, str], message: str) -> None:
    last, before = names
    try:
        git(copy, "revert", "--no-commit", last)
    except CommandError as error:
        remedy = f"`alexnet-pipe promote {before}` gives it the stage, and leaves the branch as it is"
        raise UserError(f"commits after {last} stand in the way ({error}): {remedy}") from None
    git(copy, "commit", "--quiet", "--message", message, extra=commit_identity(project))
    if default_remote(copy.root):
        dvc(copy, "fetch")
    dvc(copy, "checkout")


def _about(project: Checkout, message: str) -> dict[str, Any]:
    """What the registry keeps of an event."""
    author = commit_identity(project)
    return {"message": message, "author": author["GIT_AUTHOR_NAME"], "author_email": author["GIT_AUTHOR_EMAIL"]}
