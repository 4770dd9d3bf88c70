"""Why git fails is told in one line, with what to do."""

import re
import subprocess
from pathlib import Path

import pytest

from alexnet_pipe.project.checkout import Checkout, CommandError, NoRepositoryError, git, require_commit, top_folder

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


@pytest.fixture
def here(tmp_path: Path) -> Checkout:
    """A repository with one commit."""
    folder = tmp_path / "here"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    subprocess.run(["git", *IDENTITY, "commit", "-q", "--allow-empty", "-m", "First"], cwd=folder, check=True)
    return Checkout(folder)


def test_a_key_that_cannot_sign_is_named(here: Checkout) -> None:
    git(here, "config", "commit.gpgsign", "true")
    git(here, "config", "gpg.program", "false")
    with pytest.raises(CommandError, match=r"gpg failed to sign the data.*; failed to write commit object"):
        git(here, *IDENTITY, "commit", "--allow-empty", "--message", "Second")


def test_what_a_remote_says_when_it_declines_is_kept(here: Checkout) -> None:
    remote = here.root.parent / "remote"
    git(here, "clone", "--quiet", "--bare", ".", str(remote))
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is \033[31mprotected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(CommandError) as error:
        git(here, "push", str(remote), "main:other")
    said = str(error.value)
    assert said.startswith(f"`git push {remote}` failed: remote: main is \\x1b[31mprotected")
    assert "! [remote rejected] main -> other (pre-receive hook declined)" in said
    assert said.isprintable()


def test_what_a_hook_says_is_told_whole_and_what_a_chatterbox_says_is_shortened(here: Checkout) -> None:
    hook = here.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    for lines, told in (
        (2, "said 1; said 2"),
        (20, "said 1; said 2; said 3; said 4; 13 more; said 18; said 19; said 20"),
    ):
        hook.write_text(f"#!/bin/sh\nfor n in $(seq {lines}); do echo said $n; done\nexit 1\n")
        hook.chmod(0o755)
        with pytest.raises(CommandError, match=rf"^`git commit --allow-empty` failed: {told}$"):
            git(here, "commit", "--allow-empty", "--message", "Second")


def test_a_folder_without_a_repository_or_with_that_of_another_user_has_a_remedy(
    tmp_path: Path, here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(NoRepositoryError, match=rf"^{tmp_path} is in no git repository: work in a `git clone`, or"):
        git(Checkout(tmp_path), "status")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    remedy = re.escape(f"`git config --global --add safe.directory {here.root}` trusts it")
    with pytest.raises(NoRepositoryError, match=rf"{here.root} belongs to another user: {remedy}"):
        git(here, "status")


def test_the_top_folder_is_found_from_below(here: Checkout) -> None:
    below = here.root / "projects/alexnet"
    below.mkdir(parents=True)
    assert top_folder(Checkout(below)) == top_folder(here) == here.root.resolve()


def test_a_repository_without_a_commit_says_so(tmp_path: Path, here: Checkout) -> None:
    require_commit(here)
    subprocess.run(["git", "init", "-q", tmp_path / "new"], check=True)
    with pytest.raises(NoRepositoryError, match=r"new has no commit yet: `git add --all` and `git commit` make one"):
        require_commit(Checkout(tmp_path / "new"))
