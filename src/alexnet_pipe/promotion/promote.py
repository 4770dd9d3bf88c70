"""Put the challenger in the champion's place: all of it, or nothing."""

from pathlib import Path
from typing import Any

import gto.api

from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.commands import CommandError, default_remote, dvc, git
from alexnet_pipe.promotion.champion import NAME

CARD = "alexnet-card"
"""The name of the model's card in `dvc.yaml` and in the registry, where it has the model's versions and stages."""

UNDER_WAY = ".prefect/promotion.json"
"""Names the commit of a promotion that has not come to its end."""

# Updates the files of the branch that is checked out together with the branch.
_RECEIVE = "git -c receive.denyCurrentBranch=updateInstead receive-pack"


def promote(root: Path, copy: Path, stage: str, message: str) -> str:
    """Commit and register what was made in `copy`, and bring it to the project `root`.

    Branch and tags change together, in one push, after data and model have been pushed to the DVC remote. A death
    before leaves the project as it was; `finish_promotion` ends what a death after it has left open.

    Returns:
        The git tag of the new version.
    """
    identity = _identity(root)
    if (card := Artifacts(copy).card).exists():
        git(copy, "add", "--", card.name)
    if git(copy, "status", "--porcelain", "--untracked-files=no"):
        git(copy, "commit", "--quiet", "--all", "--message", message, extra=identity)
    version = _register(copy, stage, message, identity)
    if default_remote(copy):
        dvc(copy, "push")
    commit, branch = git(copy, "rev-parse", "HEAD"), git(copy, "branch", "--show-current")
    save_json(root / UNDER_WAY, {"commit": commit})
    tags = git(copy, "tag", "--points-at", "HEAD").splitlines()
    refs = [f"HEAD:refs/heads/{branch}", *(f"refs/tags/{tag}" for tag in tags)]
    git(copy, "push", "--quiet", "--atomic", f"--receive-pack={_RECEIVE}", "origin", *refs)
    finish_promotion(root)
    return version


def finish_promotion(root: Path) -> None:
    """Bring the project `root` into order after a promotion, also one that was cut short.

    If the branch has the promotion's commit, the workspace gets its data. If only the files have it, because the push
    died between files and branch, they become the branch's again.
    """
    under_way = root / UNDER_WAY
    if not under_way.exists():
        return
    _remove_locks(root)
    commit = load_json(under_way)["commit"]
    if git(root, "rev-parse", "HEAD") == commit:
        dvc(root, "checkout")
    else:
        _take_back(root, commit)
    under_way.unlink()


def push_git(root: Path) -> str | None:
    """Push the branch and the tags of its commits to the branch's remote; the reason if that fails."""
    try:
        git(root, "push", "--quiet", "--atomic", "--follow-tags")
    except CommandError as error:
        return str(error)
    return None


def _register(copy: Path, stage: str, message: str, identity: dict[str, str]) -> str:
    about: dict[str, Any] = {
        "message": message,
        "author": identity["GIT_AUTHOR_NAME"],
        "author_email": identity["GIT_AUTHOR_EMAIL"],
    }
    version: str = gto.api.register(str(copy), NAME, "HEAD", **about).version
    gto.api.register(str(copy), CARD, "HEAD", version, **about)
    for name in (NAME, CARD):
        gto.api.assign(str(copy), name, stage, version, **about)
    return f"{NAME}@{version}"


def _take_back(root: Path, commit: str) -> None:
    try:
        names = git(root, "diff", "--name-only", "HEAD", commit).splitlines()
    except CommandError:
        return  # The commit has not come here, so nothing has been touched.
    if all(_blob(root, name) in (_blob_in(root, "HEAD", name), _blob_in(root, commit, name)) for name in names):
        git(root, "reset", "--quiet", "--hard", "HEAD")


def _remove_locks(root: Path) -> None:
    """Of the files and branches that a killed git was about to change."""
    folder = root / git(root, "rev-parse", "--git-common-dir")
    for lock in [*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")]:
        lock.unlink()


def _blob(root: Path, name: str) -> str | None:
    return git(root, "hash-object", "--", name) if (root / name).exists() else None


def _blob_in(root: Path, commit: str, name: str) -> str | None:
    try:
        return git(root, "rev-parse", "--verify", "--quiet", f"{commit}:{name}")
    except CommandError:
        return None


def _identity(root: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        try:
            name, _, address = git(root, "var", f"GIT_{role}_IDENT").rpartition(">")[0].partition(" <")
        except CommandError:
            name, address = "alexnet-pipe", "alexnet-pipe@localhost"
        names |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": address}
    return names
