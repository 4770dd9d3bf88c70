"""A better model replaces the champion, on the same test images, all at once or not at all; with real git and DVC."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project import clones
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.clones import challenger
from alexnet_pipe.project.revisions import champion, open_revision
from alexnet_pipe.promotion.by_hand import promote_challenger, promote_revision, take_back
from alexnet_pipe.promotion.decision import Verdict
from alexnet_pipe.promotion.handover import finish_promotion, try_to_push
from tests.promotion import retraining
from tests.promotion.retraining import add_photographs, dvc, git, make_project, retrain, state_of, train_challenger

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("as_quick_python")]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, as_quick_python: None) -> Path:
    """A project with a champion that gets 12 of 40 wrong."""
    folder = tmp_path_factory.mktemp("original") / "project"
    make_project(folder, wrong=12)
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
    assert "5.00% against the champion's 30.00% on the same 40 test images, lower beyond chance" in decision.reason
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
        (10, "against the champion's 30.00% on the same 40 test images, which chance may explain (p = 0.25, more "),
        (13, "not lower"),
        (
            19,
            "top-1 error 47.50% on 40 test images, and always guessing cats would give 50.00%: not lower beyond chance",
        ),
    ],
)
def test_a_model_that_is_not_better_beyond_chance_changes_nothing(project: Path, wrong: int, reason: str) -> None:
    before = state_of(project)
    decision = retrain(project, wrong)
    assert decision.verdict is Verdict.REFUSED
    assert reason in decision.reason
    assert state_of(project) == before
    assert (project / "models/alexnet.keras").read_text() == "12 6"


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        (
            {"max_slice_loss": 0.05},
            "lower beyond chance (p = 0.12), but class dogs: 30.00% against 0.00% of its 20 test ",
        ),
        (
            {"min_class_recall": 0.95},
            "recall of class dogs 70.00% (48.10% to 85.45%), 14 of 20 test images, less than ",
        ),
    ],
)
def test_a_better_model_that_has_ruined_a_class_keeps_the_champion(
    project: Path, gate: dict[str, float], reason: str
) -> None:
    before = state_of(project)
    # The champion is wrong on 12 cats, the challenger on 6 dogs: better, if a p-value of 0.2 is enough.
    decision = retrain(project, 600, PromotionParams(significance=0.2, **gate))
    assert decision.verdict is Verdict.REFUSED
    assert reason in decision.told
    assert decision.told.endswith("; `alexnet-pipe promote` gives it the stage all the same")
    assert state_of(project) == before
    assert retrain(project, 600, PromotionParams(significance=0.2)).verdict is Verdict.PROMOTED


def test_where_photographs_join_the_test_the_champion_is_tested_on_them_too(tmp_path: Path) -> None:
    make_project(tmp_path / "project", wrong=5, own_test_split=False)
    assert retrain(tmp_path / "project").verdict is Verdict.PROMOTED
    before = _tested(tmp_path / "project")
    add_photographs(tmp_path / "project", "train", 60)
    decision = retrain(tmp_path / "project", wrong=0)
    after = _tested(tmp_path / "project")
    assert decision.verdict is Verdict.PROMOTED
    assert before < after
    assert decision.contest
    # `retest` has them all wrong.
    assert decision.contest.asked == len(after - before)
    assert decision.contest.comparison.images == len(after)
    assert decision.contest.comparison.first_errors == 5 + len(after - before)


def _tested(project: Path) -> set[str]:
    """The SHA-256 of the test images."""
    return set(pd.read_parquet(project / "evaluation/predictions.parquet")["sha256"])


def test_other_classes_are_refused_and_the_way_on_is_told(project: Path) -> None:
    before = state_of(project)
    shutil.copytree(project / "photographs/train/cats", project / "photographs/train/hens")
    decision = retrain(project, wrong=0)
    assert decision.verdict is Verdict.REFUSED
    assert "alexnet@v0.0.1 cannot be compared with it: it has other classes (new: hens)" in decision.told
    assert "`alexnet-pipe promote` gives it the stage" in decision.told
    assert state_of(project) == before


def test_where_there_is_no_champion_yet_the_committed_model_is_to_be_beaten(tmp_path: Path) -> None:
    project = tmp_path / "project"
    make_project(project, wrong=12)
    before = state_of(project)
    refused = retrain(project, wrong=10)
    assert refused.verdict is Verdict.REFUSED
    assert "against the committed model's 30.00%" in refused.reason
    assert state_of(project) == before
    promoted = retrain(project, wrong=2)
    assert promoted.verdict is Verdict.PROMOTED
    assert "against the committed model's 30.00%" in promoted.reason
    assert state_of(project)["tags"].split() == tags(1)
    assert (project / "models/alexnet.keras").read_text() == "2 6"


def test_a_first_model_that_guesses_is_refused(tmp_path: Path) -> None:
    make_project(tmp_path / "project", wrong=20)
    assert retrain(tmp_path / "project").verdict is Verdict.REFUSED
    assert not state_of(tmp_path / "project")["tags"]


def test_a_promotion_by_hand_is_taken_back_and_stays_so(project: Path, tmp_path: Path) -> None:
    before = state_of(project)
    with pytest.raises(UserError, match="nothing to go back to: no other model has had the stage prod"):
        take_back(project)
    assert retrain(project, wrong=13).verdict is Verdict.REFUSED
    assert "promoted by hand as alexnet@v0.0.2: top-1 error 32.50% against the" in promote_challenger(
        project, lambda *_: None
    )
    assert (project / "models/alexnet.keras").read_text() == "13 6"
    with pytest.raises(UserError, match=r"the model is the champion, alexnet@v0\.0\.2"):
        promote_challenger(project, lambda *_: None)

    assert take_back(project) == "alexnet@v0.0.1 has the stage prod again, and alexnet@v0.0.2 has lost it"
    after = state_of(project)
    assert (after["lock"], after["changes"]) == (before["lock"], "")
    assert git(project, "diff", "--stat", before["branch"], after["branch"]) == ""
    assert (project / "models/alexnet.keras").read_text() == "12 6"
    assert in_production(project, tmp_path) == ("12 6", "12 wrong\n")
    assert "whose place alexnet@v0.0.1 has taken" in retrain(project, wrong=13).reason
    assert retrain(project).verdict is Verdict.UNCHANGED


def test_any_model_of_the_project_is_promoted_by_hand(project: Path, tmp_path: Path) -> None:
    assert retrain(project, wrong=2).verdict is Verdict.PROMOTED
    before = state_of(project)
    for name, wrong in (("alexnet@v0.0.1", 12), ("HEAD", 2)):
        assert promote_revision(project, name).startswith("promoted by hand as alexnet@v0.0.")
        assert in_production(project, tmp_path) == (f"{wrong} 6", f"{wrong} wrong\n")
    with pytest.raises(UserError, match=r"alexnet@v0\.0\.2 has the stage prod already"):
        promote_revision(project, "main")
    assert {**state_of(project), "tags": before["tags"]} == before


def test_promotions_of_one_second_stay_in_order_and_the_future_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert retrain(project, wrong=2).verdict is Verdict.PROMOTED
    for version in ("alexnet@v0.0.1", "alexnet@v0.0.2", "alexnet@v0.0.1"):
        promote_revision(project, version)
        assert champion(project, "prod") == version
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"@{int(time.time()) + 3600} +0000")
    git(project, "tag", "--annotate", "--message", "of a clock that is fast", "alexnet#other#1", "alexnet@v0.0.1")
    before = state_of(project)
    with pytest.raises(UserError, match=r"last tag is \d+ s in the future: set this machine's clock"):
        promote_revision(project, "alexnet@v0.0.2")
    assert state_of(project) == before


def in_production(project: Path, folder: Path) -> tuple[str, str]:
    """Model and card of the stage, as somebody gets them who has no clone."""
    for name in ("alexnet", "alexnet-card"):
        dvc(folder, "artifacts", "get", "--quiet", "--force", str(project), name, "--stage", "prod")
    return (folder / "alexnet.keras").read_text(), (folder / "MODEL_CARD.md").read_text()


def test_a_remote_that_cannot_be_pushed_to_is_found_out_before_the_training(project: Path) -> None:
    git(project, "remote", "add", "origin", str(project / "gone"))
    git(project, "config", "branch.main.remote", "origin")
    git(project, "config", "branch.main.merge", "refs/heads/main")
    with pytest.raises(UserError, match=r"could not be pushed: .*does not appear to be a git repository"):
        try_to_push(Checkout(project))


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


def test_a_hook_that_lets_no_promotion_in_stops_the_retraining_before_it_trains(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "hooks/pre-push"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho 'run the linter first'\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[core]\nhooksPath = {hook.parent}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    with pytest.raises(UserError, match=r"`git push --quiet` failed: run the linter first; failed to push some refs"):
        challenger(Checkout(project))


@pytest.mark.parametrize("lock", ["index.lock", "refs/heads/main.lock"])
def test_another_git_at_work_is_waited_for_and_then_named_before_the_training(
    project: Path, lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".git" / lock).touch()
    monkeypatch.setattr(clones, "PATIENCE", 0.0)
    with pytest.raises(UserError, match=rf"^another git is at work here \(.*/\.git/{lock}\): let it end; if there is"):
        challenger(Checkout(project))


def test_a_project_may_be_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    project = tmp_path / "project"
    make_project(project, wrong=12)
    shutil.rmtree(project / ".git")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "project")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "All")
    assert retrain(project).verdict is Verdict.PROMOTED
    assert retrain(project, wrong=2).champion == "alexnet@v0.0.1"
    assert (project / "models/alexnet.keras").read_text() == "2 6"
    assert git(tmp_path, "tag").split() == tags(1, 2)
    assert open_revision(project, "alexnet@prod").read(Path("models/alexnet.keras")) == b"2 6"
    assert open_revision(project, "HEAD~1").read(Path("models/alexnet.keras")) == b"12 6"


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


@pytest.fixture(scope="module")
def prepared(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a better challenger, ready to be promoted; `bin` beside it has a git that kills."""
    folder = tmp_path_factory.mktemp("deadly") / "prepared"
    shutil.copytree(original.parent, folder, symlinks=True)
    train_challenger(Checkout(folder / "project"), wrong=2)
    (folder / "bin").mkdir()
    for path, script in (
        (folder / "bin/git", _GIT.replace("{git}", shutil.which("git") or "git")),
        (folder / "project/.git/hooks/reference-transaction", _HOOK),
    ):
        path.write_text(script)
        path.chmod(0o755)
    shutil.copytree(folder, folder.with_name("kept"), symlinks=True)
    return folder


@pytest.fixture
def deadly(prepared: Path) -> Path:
    """The prepared project as it was, and where it was: the challenger names the place."""
    shutil.rmtree(prepared)
    shutil.copytree(prepared.with_name("kept"), prepared, symlinks=True)
    return prepared / "project"


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
    assert (deadly / "models/alexnet.keras").read_text() == "12 6"
    assert retrain(deadly).verdict is Verdict.UNCHANGED
    assert (deadly / "models/alexnet.keras").read_text() == "2 6"
    assert state_of(deadly)["tags"].split() == tags(1, 2)
    assert state_of(deadly)["changes"] == ""
