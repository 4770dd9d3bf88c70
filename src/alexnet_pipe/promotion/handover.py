"""Hand the champion's stage over, to a challenger or back: branch, tags and files change together, or not at all."""

import time
from typing import Any

import gto.api
from gto.versions import SemVer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout, CommandError, commit_identity, git
from alexnet_pipe.project.clones import locks_of_git
from alexnet_pipe.project.dvc import default_remote, dvc
from alexnet_pipe.project.revisions import NAME, registered_versions, versions_in_stage
from alexnet_pipe.promotion.endorsement import endorse, papers

UNDER_WAY = ".prefect/promotion.json"
"""Names the commit of a promotion that has not come to its end."""

SUBJECT = "Promote a new model"
"""What the message of a promotion's commit begins with."""

# Updates the files of the branch that is checked out together with the branch.
_RECEIVE = "git -c receive.denyCurrentBranch=updateInstead receive-pack"


def try_to_push(project: Checkout) -> None:
    """Find out before a training whether the branch's remote can be pushed to after it.

    Raises:
        UserError: with the reason. What a remote decides only when it gets something, as about a protected branch, is
            not found out.
    """
    try:
        git(project, "push", "--quiet", "--atomic", "--follow-tags", "--dry-run")
    except CommandError as error:
        raise UserError(f"promotion.push_git is set, and a promotion could not be pushed: {error}") from None


def _bring(project: Checkout, copy: Checkout, known: set[str]) -> None:
    """Push what is new in `copy` to the `project`: the branch that it is on, and the tags that are not `known`."""
    commit, branch = git(copy, "rev-parse", "HEAD"), git(copy, "branch", "--show-current")
    refs = [f"HEAD:refs/heads/{branch}"] if branch else []
    if branch:
        save_json(project.root / UNDER_WAY, {"commit": commit})
    refs += [f"refs/tags/{tag}" for tag in sorted(_tags_of(copy) - known)]
    git(copy, "push", "--quiet", "--atomic", f"--receive-pack={_RECEIVE}", "origin", *refs)
    finish_promotion(project)


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


def _tags_of(copy: Checkout) -> set[str]:
    """The names of all tags."""
    return set(git(copy, "tag").splitlines())


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
    for lock in locks_of_git(project):
        lock.unlink()


def _blob(project: Checkout, name: str) -> str | None:
    return git(project, "hash-object", "--", name) if (project.root / name).exists() else None


def _blob_in(project: Checkout, commit: str, name: str) -> str | None:
    try:
        return git(project, "rev-parse", "--verify", "--quiet", f"{commit}:./{name}")
    except CommandError:
        return None


CARD = "alexnet-card"
"""The name of the model's card in `dvc.yaml` and in the registry, where it has the model's versions and stages."""


def promote(project: Checkout, copy: Checkout, stage: str, reason: str) -> str:
    """Commit and register what was made in `copy`, give it the stage, and bring it to the `project`.

    Branch and tags change together, in one push, after data and model have been pushed to the DVC remote. A death
    before leaves the project as it was; `finish_promotion` ends what a death after it has left open.

    Returns:
        The git tag of the new version.

    Raises:
        UserError: if it is not signed as the project wants; nothing is promoted then.
    """
    endorse(project, copy)
    for paper in papers(Artifacts(copy.root)):
        if paper.exists():
            git(copy, "add", "--force", "--", str(paper.relative_to(copy.root)))
    message = f"{SUBJECT}: {reason}"
    if git(copy, "status", "--porcelain", "--untracked-files=no"):
        git(copy, "commit", "--quiet", "--all", "--message", message, extra=commit_identity(project))
    return promote_commit(project, copy, stage, message)


def promote_commit(project: Checkout, copy: Checkout, stage: str, message: str) -> str:
    """Give the stage to the commit that is checked out in `copy`, and bring it to the `project`; as `promote`.

    A branch is brought only if `copy` is on one.
    """
    known, commit = _tags_of(copy), git(copy, "rev-parse", "HEAD")
    about = _about(project, message)
    versions = {at: version for version, at in registered_versions(copy.root).items()}
    version = versions.get(commit) or gto.api.register(str(copy.root), NAME, commit, **about).version
    _give(copy, stage, version, about)
    if default_remote(copy.root):
        dvc(copy, "push")
    _bring(project, copy, known)
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
    names, known = (f"{NAME}@{last}", f"{NAME}@{before[0]}"), _tags_of(copy)
    message = f"Take back {names[0]}: {names[1]} has the stage {stage} again"
    if git(copy, "log", "-1", "--format=%s", names[0]).startswith(SUBJECT):
        _revert(project, copy, names, message)
    _give(copy, stage, before[0], _about(project, message))
    _bring(project, copy, known)
    return names


def _give(copy: Checkout, stage: str, version: str, about: dict[str, Any]) -> None:
    """Model and card of `version` get the stage.

    Where several versions have it, some readers of the registry take the highest, others the latest. So higher ones
    lose it first.
    """
    root = str(copy.root)
    _later_than_the_registry(copy)
    for name in (NAME, CARD):
        if version not in registered_versions(copy.root, name):
            gto.api.register(root, name, f"{NAME}@{version}", version, **about)
        for other in versions_in_stage(copy.root, stage, name):
            if SemVer(other) > SemVer(version):
                gto.api.unassign(root, name, version=other, stage=stage, **about)
        gto.api.assign(root, name, stage, version, force=True, **about)


def _later_than_the_registry(copy: Checkout) -> None:
    """Wait for the second after the registry's last event: of two events of a second it cannot tell the later one.

    Raises:
        UserError: if that event lies in the future, so that what happens now would count as before it.
    """
    events = git(copy, "for-each-ref", "--format=%(creatordate:unix)", f"refs/tags/{NAME}*").splitlines()
    missing = max((int(at) for at in events if at), default=0) + 1 - time.time()
    if missing > 1:
        raise UserError(f"the registry's last tag is {missing - 1:.0f} s in the future: set this machine's clock")
    time.sleep(max(missing, 0))


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
