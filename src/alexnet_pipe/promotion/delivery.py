"""Bring a promotion from the clone where it was made to the project: all at once, and finished after a death."""

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.project.checkout import Checkout, CommandError, git
from alexnet_pipe.project.clones import locks_of_git
from alexnet_pipe.project.dvc import dvc

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


def bring(project: Checkout, copy: Checkout, known: set[str]) -> None:
    """Push what is new in `copy` to the `project`: the branch that it is on, and the tags that are not `known`."""
    commit, branch = git(copy, "rev-parse", "HEAD"), git(copy, "branch", "--show-current")
    refs = [f"HEAD:refs/heads/{branch}"] if branch else []
    if branch:
        save_json(project.root / UNDER_WAY, {"commit": commit})
    refs += [f"refs/tags/{tag}" for tag in sorted(tags_of(copy) - known)]
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


def tags_of(copy: Checkout) -> set[str]:
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
