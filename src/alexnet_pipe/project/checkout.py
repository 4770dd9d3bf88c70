"""A checkout of the project: the programs that work in it, git before all, and what its `dvc.lock` says."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import CHECKPOINTS, HOME
from alexnet_pipe.base.terminal import printable

RUN = "ALEXNET_PIPE_RUN"
"""The environment variable by which the processes of a run are known, whoever their parent has become."""


@dataclass(frozen=True)
class Checkout:
    """A folder with the project's files, and what the programs in it are told by their environment.

    Attributes:
        root: The folder.
        home: The project, if this is a temporary copy of it; an absolute path.
        checkpoints: Another folder for checkpoints than the project's; an absolute path.
        run: The mark of the run that works here; empty if none does.
    """

    root: Path
    home: Path | None = None
    checkpoints: Path | None = None
    run: str = ""

    @property
    def project(self) -> Path:
        """The project's folder, also of a temporary copy."""
        return self.home or self.root

    @property
    def environment(self) -> dict[str, str]:
        """Of a program in this checkout; the programs beside this Python come first."""
        told = {HOME: self.home, CHECKPOINTS: self.checkpoints, RUN: self.run}
        programs = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            **{name: str(value) for name, value in told.items() if value},
        }


def call(
    checkout: Checkout, command: Sequence[str | Path], extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, in `checkout` and with `extra` environment variables, and keep what it prints."""
    return subprocess.run(
        command,
        cwd=checkout.root,
        env={**checkout.environment, **(extra or {})},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


_NO_CAUSES = ("hint: ", "[GNUPG:]", "To ")
"""What lines begin with that do not tell why git has failed. A hook, or gpg, tells it in lines of any kind, and on
either output."""

_BEGINNING, _END = 4, 3
"""Lines that are told of a program that says very much."""

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
    raise CommandError(f"`git {' '.join(arguments[:2])}` failed: {_reason(done.stdout + done.stderr, done.returncode)}")


def top_folder(checkout: Checkout) -> Path:
    """The top folder of the repository that `checkout` is in; an absolute path.

    Raises:
        NoRepositoryError: if there is none.
    """
    return Path(git(checkout, "rev-parse", "--show-toplevel")).resolve()


def require_commit(checkout: Checkout) -> None:
    """
    Raises:
        NoRepositoryError: if the repository has no commit yet, or there is none.
    """
    try:
        git(checkout, "rev-parse", "--verify", "--quiet", "HEAD")
    except CommandError:
        raise NoRepositoryError(
            f"the git repository {top_folder(checkout)} has no commit yet: `git add --all` and `git commit` make one"
        ) from None


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
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.strip().startswith(_NO_CAUSES)]
    if (more := len(lines) - _BEGINNING - _END) > 1:
        lines[_BEGINNING:-_END] = [f"{more} more"]
    causes = [printable(line.removeprefix("fatal: ").removeprefix("error: ")) for line in lines]
    return "; ".join(causes) or f"exit status {status}"


LOCK_FILE = "dvc.lock"

Stages = Mapping[str, Mapping[str, Any]]
"""What is locked of each stage: `cmd`, `deps`, `params` and `outs`, as `dvc.lock` has them."""


def locked_stages(checkout: Checkout, commit: str | None = None) -> Stages:
    """The stages of the workspace or of a `commit`; none where nothing has run yet.

    Raises:
        CommandError: if there is no such commit, or no `dvc.lock` in it.
    """
    path = checkout.root / LOCK_FILE
    if commit is not None:
        text = git(checkout, "show", f"{commit}:./{LOCK_FILE}")
    elif path.exists():
        text = path.read_text(encoding="utf-8")
    else:
        return {}
    return YAML(typ="safe").load(text).get("stages", {})


def behind(stages: Stages, stage: str) -> Stages:
    """Of `stages`, the one called `stage` and all that it needs; others may not have followed a change yet."""
    makers = {out["path"]: name for name, each in stages.items() for out in each.get("outs", [])}
    found: dict[str, Mapping[str, Any]] = {}
    waiting = [stage] if stage in stages else []
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = stages[name]
            waiting += [makers[dep["path"]] for dep in stages[name].get("deps", []) if dep["path"] in makers]
    return found


def digests(stages: Stages, kind: str = "outs") -> dict[str, str]:
    """The path of each output, or with `kind` "deps" of each dependency, with its MD5."""
    return {entry["path"]: entry["md5"] for each in stages.values() for entry in each.get(kind, []) if "md5" in entry}


def parameters(stages: Stages) -> dict[str, Any]:
    """The values of `params.yaml` that the stages were run with, by `section.key`."""
    sections = [pair for each in stages.values() for pair in each.get("params", {}).get("params.yaml", {}).items()]
    return {f"{section}.{key}": value for section, values in sections for key, value in values.items()}
