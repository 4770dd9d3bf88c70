"""What a person decides: promote a challenger that was refused, or any model, or take a promotion back."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import load_params
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout, digests, git, locked_stages
from alexnet_pipe.project.clones import clean_branch, finished_challenger, shared_clone
from alexnet_pipe.project.revisions import champion, open_revision
from alexnet_pipe.project.run_lock import only_run
from alexnet_pipe.promotion.decision import Verdict, decide
from alexnet_pipe.promotion.endorsement import require_endorsed, require_ready
from alexnet_pipe.promotion.handover import finish_promotion, promote, promote_commit, push_git, roll_back
from alexnet_pipe.promotion.rehearsal import failure

_PLACE = ".prefect/handover"


def promote_challenger(root: Path, rehearsal: Callable[[Checkout, PromotionParams], str | None] = failure) -> str:
    """Promote what the last retraining, or run with parameters, has made, whatever was decided about it.

    Returns:
        What was done, in one line; so do the others.

    Raises:
        UserError: if there is no challenger, or it is not finished, or it is the champion, or it cannot be served.
    """
    with _project(root) as project:
        clean_branch(project)
        require_ready(project)
        copy = finished_challenger(project)
        promotion = load_params(copy.root / "params.yaml").promotion
        decision = decide(copy, promotion)
        if decision.verdict is Verdict.UNCHANGED:
            raise UserError(decision.reason)
        if reason := rehearsal(copy, promotion):
            raise UserError(f"it is not promoted: {reason}")
        version = promote(project, copy, promotion.stage, f"by hand, {decision.reason}")
        return _pushed(project, f"promoted by hand as {version}: {decision.reason}", promotion.push_git)


def promote_revision(root: Path, name: str) -> str:
    """Promote the model of a commit, branch, tag, experiment or version; branch and workspace stay as they are.

    Raises:
        UserError: if there is no such revision, or it has no model, or its model is the champion, or not
            signed as the project wants.
    """
    with _project(root) as project:
        promotion = load_params(root / "params.yaml").promotion
        revision = open_revision(root, name)
        commit = revision.commit
        if commit is None:
            raise UserError("the workspace is no revision: commit it, then `alexnet-pipe promote HEAD`")
        if str(Artifacts(Path()).model) not in digests(locked_stages(project, commit)):
            raise UserError(f"{name} has no model: name a revision in which the pipeline has run")
        now = champion(root, promotion.stage)
        if now and open_revision(root, now).commit == commit:
            raise UserError(f"{now} has the stage {promotion.stage} already")
        require_endorsed(project, revision)
        with _clone(project, "--no-checkout") as copy:
            git(copy, "checkout", "--quiet", "--detach", commit)
            version = promote_commit(project, copy, promotion.stage, f"Promote {name} by hand")
        done = f"promoted by hand as {version}; branch and workspace are as they were"
        return _pushed(project, done, promotion.push_git)


def take_back(root: Path) -> str:
    """Give the stage back to the champion before, and revert what the promotion has committed.

    Raises:
        UserError: if there was no champion before, or later commits stand in the way.
    """
    with _project(root) as project:
        branch = clean_branch(project)
        promotion = load_params(root / "params.yaml").promotion
        with _clone(project, "--branch", branch) as copy:
            last, before = roll_back(project, copy, promotion.stage)
        done = f"{before} has the stage {promotion.stage} again, and {last} has lost it"
        return _pushed(project, done, promotion.push_git)


@contextmanager
def _project(root: Path) -> Iterator[Checkout]:
    with only_run(root) as project:
        finish_promotion(project)
        yield project


@contextmanager
def _clone(project: Checkout, *options: str) -> Iterator[Checkout]:
    copy = shared_clone(project, _PLACE, *options)
    try:
        yield copy
    finally:
        shutil.rmtree(project.root / _PLACE, ignore_errors=True)


def _pushed(project: Checkout, done: str, wanted: bool) -> str:
    if wanted and (problem := push_git(project)):
        raise UserError(f"{done}; but it was not pushed: {problem}")
    return done
