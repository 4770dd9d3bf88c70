"""Git, as a program that runs to its end in a checkout."""

from collections.abc import Mapping
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable, shortened
from alexnet_pipe.project.checkout import Checkout, call

_CAUSES = ("fatal: ", "error: ", "remote: ", "! [")
"""What the lines begin with that tell why git has failed; one line alone often tells only that it has."""

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "LANGUAGE": "en"}
"""Another git that works in the folder at the same time is not disturbed, and causes are told in English."""


class CommandError(UserError):
    """A program failed; the message tells which, and why."""


class NoRepositoryError(UserError):
    """There is no git, or no repository that it would use."""


def git(checkout: Checkout, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
    """What `git` prints, run in `checkout` with `extra` environment variables.

    Raises:
        CommandError: if it fails, with the lines that tell why.
        NoRepositoryError: if `checkout` is in no repository, or in one that git does not trust.
    """
    try:
        done = call(checkout, ["git", *arguments], {**_QUIET, **(extra or {})})
    except FileNotFoundError:
        raise NoRepositoryError("there is no `git` on this machine: install it") from None
    if done.returncode == 0:
        return done.stdout.strip()
    if "fatal: not a git repository" in done.stderr:
        raise NoRepositoryError(
            f"{checkout.root.absolute()} is in no git repository: work in a `git clone`, or make it one by `git init`"
        )
    if "fatal: detected dubious ownership" in done.stderr:
        folder = done.stderr.splitlines()[-1].split()[-1]
        raise NoRepositoryError(
            f"the git repository {folder} belongs to another user: "
            f"`git config --global --add safe.directory {folder}` trusts it"
        )
    raise CommandError(f"`git {' '.join(arguments[:2])}` failed: {_reason(done.stderr, done.returncode)}")


def top_folder(checkout: Checkout) -> Path:
    """The top folder of the repository that `checkout` is in; an absolute path.

    Raises:
        NoRepositoryError: if there is none.
    """
    return Path(git(checkout, "rev-parse", "--show-toplevel")).resolve()


def commit_identity(checkout: Checkout) -> dict[str, str]:
    """The environment by which git knows who commits; a machine without a person has a name, too."""
    names: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        try:
            name, _, address = git(checkout, "var", f"GIT_{role}_IDENT").rpartition(">")[0].partition(" <")
        except CommandError:
            name, address = "alexnet-pipe", "alexnet-pipe@localhost"
        names |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": address}
    return names


def _reason(said: str, status: int) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith(_CAUSES)] or lines[-1:] or [f"exit status {status}"]
    return shortened([printable(line.removeprefix("fatal: ").removeprefix("error: ")) for line in causes], "; ")
