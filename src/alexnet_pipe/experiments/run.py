"""Run the whole pipeline with other parameters, as a DVC experiment in a clone of the project.

DVC puts away what is not committed where it begins an experiment, and writes the parameters into params.yaml, for a
second. Whoever kills it then would find their work in git's stash, and the parameters of the experiment in its place.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import Params, load_params
from alexnet_pipe.project.checkout import (
    Checkout,
    CommandError,
    commit_identity,
    digests,
    git,
    locked_stages,
    top_folder,
)
from alexnet_pipe.project.clones import shared_clone
from alexnet_pipe.project.dvc import forget_lost_outputs, run_dvc

_PLACE = ".prefect/experiments"


@dataclass(frozen=True)
class Experiment:
    """
    Attributes:
        metrics: What `evaluate` has found.
        images: The digest of the images that it has learned and been tested on; None if DVC knows none.
        cached: Whether no stage had to run.
    """

    metrics: dict[str, Any]
    images: str | None
    cached: bool


def check_commit(project: Checkout) -> str:
    """The commit that experiments are attached to."""
    try:
        return git(project, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except CommandError:
        raise UserError(
            f"experiments are kept in git, and {project.root} has no commit: commit the project first"
        ) from None


def run_experiment(project: Checkout, name: str, params: Params, on_line: Callable[[str], None]) -> Experiment:
    """Run all stages of the last commit, and of what tracked files have now, with `params`, as the experiment `name`.

    An older experiment of that name on that commit is replaced. What ran before with the same parameters, code and data
    comes from the run cache; an interrupted training goes on. `on_line` is called with each line that a stage prints.

    Raises:
        UserError: with the reason of the stage that failed.
    """
    commit = check_commit(project)
    reference = f"refs/exps/{commit[:2]}/{commit[2:]}/{name}"
    # DVC's --force would replace it too, but run every stage again.
    git(project, "update-ref", "-d", reference)
    try:
        copy = _clone(project)
        arguments = ["exp", "run", "--temp", "--name", name, *_changes(copy.root, params)]
        lines = run_dvc(copy, arguments, on_line)
        git(project, "fetch", "--quiet", "--no-tags", str(top_folder(copy)), f"+{reference}:{reference}")
    finally:
        shutil.rmtree(project.root / _PLACE, ignore_errors=True)
    metrics = json.loads(git(project, "show", f"{reference}:./{Artifacts().test_metrics}"))
    images = digests(locked_stages(project, reference)).get(str(Artifacts(Path()).images))
    return Experiment(metrics, images, cached=not any(line.startswith("Running stage") for line in lines))


def _clone(project: Checkout) -> Checkout:
    """Of the last commit, with what tracked files have now; it takes the place of the one before."""
    changed = git(project, "status", "--porcelain", "--untracked-files=no")
    # A commit that no branch has; the clone has all that git keeps.
    edited = git(project, "stash", "create", extra=commit_identity(project)) if changed else ""
    copy = shared_clone(project, _PLACE)
    if edited:
        git(copy, "read-tree", "-u", "--reset", edited)
    forget_lost_outputs(copy)
    return copy


def _changes(root: Path, params: Params) -> list[str]:
    """The options that make `params` out of params.yaml as it is now."""
    now = load_params(root / "params.yaml").model_dump()
    return [
        f"--set-param=++{section}.{key}={json.dumps(value, ensure_ascii=False)}"
        for section, values in params.model_dump().items()
        for key, value in values.items()
        if value != now[section][key]
    ]
