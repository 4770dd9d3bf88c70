"""A better model replaces the champion, on the same test images, all at once or not at all; with real git and DVC."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.clones import challenger
from alexnet_pipe.project.revisions import open_revision
from alexnet_pipe.promotion.decision import Verdict
from alexnet_pipe.promotion.promote import finish_promotion
from tests.promotion import retraining
from tests.promotion.retraining import add_photographs, dvc, git, make_project, retrain, state_of, train_challenger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a champion that gets 15 of 40 wrong."""
    folder = tmp_path_factory.mktemp("original") / "project"
    make_project(folder, wrong=15)
    assert retrain(folder).verdict is Verdict.PROMOTED
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Path:
    for folder in ("project", "store"):
        shutil.copytree(original.parent / folder, tmp_path / folder, symlinks=True)
    return tmp_path / "project"


def tags(*versions: int) -> list[str]:
    """Those of the model and of its card, as git sorts them."""
    names = ("alexnet", "alexnet-card")
    return sorted(f"{name}{end}" for name in names for n in versions for end in (f"#prod#{n}", f"@v0.0.{n}"))


def test_the_first_model_becomes_the_champion(original: Path) -> None:
    assert git(original, "tag").split() == tags(1)
    assert git(original, "rev-list", "--count", "main") == "1"


def test_a_better_model_is_committed_tagged_pushed_and_put_in_place(project: Path, tmp_path: Path) -> None:
    git(project, "rm", "--quiet", "MODEL_CARD.md")
    git(project, "commit", "--quiet", "--message", "As if there had been no card yet")
    add_photographs(project, "train", 4)
    decision = retrain(project, wrong=2)
    assert decision.verdict is Verdict.PROMOTED
    assert decision.champion == "alexnet@v0.0.1"
    assert "5.00% against the champion's 37.50%, lower beyond chance" in decision.reason
    after = state_of(project)
    assert after["changes"] == ""
    assert after["tags"].split() == tags(1, 2)
    assert git(project, "rev-list", "-1", "alexnet#prod#2") == after["branch"]
    assert (project / "models/alexnet.keras").read_text() == "2 10"
    assert (project / "MODEL_CARD.md").read_text() == "2 wrong\n"
    assert "seed: 2" in (project / "params.yaml").read_text()
    assert retrain(project).verdict is Verdict.UNCHANGED
    assert state_of(project) == after
    get = ("artifacts", "get", "--quiet", str(project))
    dvc(tmp_path, *get, "alexnet", "--stage", "prod")
    dvc(tmp_path, *get, "alexnet-card", "--rev", "v0.0.2")
    assert (tmp_path / "alexnet.keras").read_text() == "2 10"
    assert (tmp_path / "MODEL_CARD.md").read_text() == "2 wrong\n"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (13, "32.50% against the champion's 37.50%, which chance may explain (p = 0.25, more than 0.05)"),
        (16, "not lower"),
    ],
)
def test_a_model_that_is_not_better_beyond_chance_changes_nothing(project: Path, wrong: int, reason: str) -> None:
    before = state_of(project)
    decision = retrain(project, wrong)
    assert decision.verdict is Verdict.REFUSED
    assert reason in decision.reason
    assert state_of(project) == before
    assert (project / "models/alexnet.keras").read_text() == "15 6"


def test_a_model_that_was_tested_on_other_images_is_refused(project: Path) -> None:
    before = state_of(project)
    add_photographs(project, "test", 2)
    decision = retrain(project, wrong=0)
    assert decision.verdict is Verdict.REFUSED
    assert "the test images are not those of alexnet@v0.0.1" in decision.reason
    assert state_of(project) == before


def test_a_promotion_asks_for_a_clean_branch(project: Path) -> None:
    (project / "params.yaml").write_text("{}\n")
    with pytest.raises(UserError, match=r"changes are not committed \(params\.yaml\): commit them or undo them"):
        challenger(Checkout(project))
    git(project, "checkout", "--quiet", "params.yaml")
    git(project, "checkout", "--quiet", "--detach")
    with pytest.raises(UserError, match="no branch checked out: `git switch`"):
        challenger(Checkout(project))


def test_what_would_stop_the_commit_stops_the_retraining_before_it_trains(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[commit]\ngpgsign = true\n[gpg]\nprogram = false\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    before = state_of(project)
    with pytest.raises(UserError, match="gpg failed to sign the data"):
        retrain(project, wrong=2)
    assert state_of(project) == before


def test_a_project_may_be_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    project = tmp_path / "project"
    make_project(project, wrong=15)
    shutil.rmtree(project / ".git")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "project")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "All")
    assert retrain(project).verdict is Verdict.PROMOTED
    assert retrain(project, wrong=2).champion == "alexnet@v0.0.1"
    assert (project / "models/alexnet.keras").read_text() == "2 6"
    assert git(tmp_path, "tag").split() == tags(1, 2)
    assert open_revision(project, "alexnet@prod").read(Path("models/alexnet.keras")) == b"2 6"
    assert open_revision(project, "HEAD~1").read(Path("models/alexnet.keras")) == b"15 6"


_GIT = """#!/bin/sh
# Kills whoever runs it, before, while or after it does what it is told.
export CALLER=$PPID
case "$1 $MOMENT" in "$COMMAND before") kill -9 $CALLER; exit 1;; esac
{git} "$@"
status=$?
case "$1 $MOMENT" in "$COMMAND after") kill -9 $CALLER;; esac
exit $status
"""
_HOOK = """#!/bin/sh
# The files of the branch have been changed, and the branch has not.
case "$1 $MOMENT" in "prepared while") kill -9 $CALLER $PPID; sleep 1;; esac
"""


@pytest.fixture
def deadly(project: Path, tmp_path: Path) -> Path:
    """A project with a better challenger, ready to be promoted; `bin` beside it has a git that kills."""
    train_challenger(Checkout(project), wrong=2)
    programs = tmp_path / "bin"
    programs.mkdir()
    for path, script in (
        (programs / "git", _GIT.replace("{git}", shutil.which("git") or "git")),
        (project / ".git/hooks/reference-transaction", _HOOK),
    ):
        path.write_text(script)
        path.chmod(0o755)
    return project


def promote_and_die(project: Path, command: str, moment: str) -> None:
    environment = {
        "PATH": f"{project.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COMMAND": command,
        "MOMENT": moment,
    }
    module = [sys.executable, "-m", retraining.__name__, str(project)]
    done = subprocess.run(module, env={**os.environ, **environment}, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(("command", "moment"), [("commit", "after"), ("push", "before"), ("push", "while")])
def test_a_death_before_the_end_leaves_the_champion(deadly: Path, command: str, moment: str) -> None:
    before = state_of(deadly)
    promote_and_die(deadly, command, moment)
    died = state_of(deadly)
    assert (died["branch"], died["tags"]) == (before["branch"], before["tags"])
    assert bool(died["changes"]) == (moment == "while")
    finish_promotion(Checkout(deadly))
    assert state_of(deadly) == before
    if moment == "while":
        assert retrain(deadly, wrong=2).verdict is Verdict.PROMOTED
        assert state_of(deadly)["changes"] == ""


def test_a_death_after_the_push_leaves_the_new_champion_and_the_next_run_finishes(deadly: Path) -> None:
    promote_and_die(deadly, "push", "after")
    assert (deadly / "models/alexnet.keras").read_text() == "15 6"
    assert retrain(deadly).verdict is Verdict.UNCHANGED
    assert (deadly / "models/alexnet.keras").read_text() == "2 6"
    assert state_of(deadly)["tags"].split() == tags(1, 2)
    assert state_of(deadly)["changes"] == ""
