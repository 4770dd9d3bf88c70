"""Run the whole pipeline with other parameters, as a DVC experiment in a temporary copy of the project."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.load import Params, load_params
from alexnet_pipe.project.checkout import Checkout, CommandError, git
from alexnet_pipe.project.dvc import run_dvc

_COPIES = ".dvc/tmp/exps/standalone"


@dataclass(frozen=True)
class Experiment:
    """
    Attributes:
        metrics: What `evaluate` has found.
        cached: Whether no stage had to run.
    """

    metrics: dict[str, Any]
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
    """Run all stages of the last commit with `params`, as the DVC experiment `name`.

    An older experiment of that name on that commit is replaced. What ran before with the same parameters, code and data
    comes from the run cache; an interrupted training goes on. `on_line` is called with each line that a stage prints.

    Raises:
        UserError: with the reason of the stage that failed.
    """
    commit = check_commit(project)
    reference = f"refs/exps/{commit[:2]}/{commit[2:]}/{name}"
    # DVC's --force would replace it too, but run every stage again.
    git(project, "update-ref", "-d", reference)
    arguments = ["exp", "run", "--temp", "--name", name, *_changes(project.root, params)]
    lines = run_dvc(replace(project, home=project.root), arguments, on_line)
    metrics = json.loads(git(project, "show", f"{reference}:./{Artifacts().test_metrics}"))
    return Experiment(metrics, cached=not any(line.startswith("Running stage") for line in lines))


def remove_left_overs(project: Checkout) -> None:
    """Remove the temporary copies of killed experiments; a copy that a process works in stays."""
    # An experiment that was killed before its copy was made would be run beside the next one.
    git(project, "update-ref", "-d", "refs/exps/stash")
    at_work = [Path(process.info["cwd"] or "/") for process in psutil.process_iter(["cwd"])]
    for copy in (project.root / _COPIES).resolve().glob("tmp*"):
        if not any(folder.is_relative_to(copy) for folder in at_work):
            shutil.rmtree(copy, ignore_errors=True)


def _changes(root: Path, params: Params) -> list[str]:
    """The options that make `params` out of params.yaml as it is now."""
    now = load_params(root / "params.yaml").model_dump()
    return [
        f"--set-param=++{section}.{key}={json.dumps(value, ensure_ascii=False)}"
        for section, values in params.model_dump().items()
        for key, value in values.items()
        if value != now[section][key]
    ]
