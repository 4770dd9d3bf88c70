"""DVC in a checkout: a program whose lines are listened to, its stages in order, and which of them are up to date."""

import re
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import networkx
from dvc.lock import LockError
from dvc.repo import Repo
from ruamel.yaml import YAML

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.startup import PROGRAM
from alexnet_pipe.base.terminal import spoken
from alexnet_pipe.project.checkout import LOCK_FILE, Checkout, locked_stages, top_folder

_DVC_SAYS = re.compile(
    r"(Running stage '.*':|> |Stage '.*' (didn't change|is cached)|Updating lock file|Generating lock file|"
    r"To track the changes with git|\tgit add|To enable auto staging|\tdvc config|Use `dvc push`|"
    r"Data and pipelines are up to date|ERROR: failed to reproduce|Verifying outputs|Reproducing|"
    r"WARNING: Process '.*' with \(Pid|Ran experiment|To apply the results|\tdvc exp apply|"
    r"WARNING: No file hash info found)"
)
_REASON = "alexnet-pipe: "


class DvcError(UserError):
    """DVC failed; the message is its reason, or that of the stage that did."""


class Outcome(StrEnum):
    """What became of a stage."""

    RAN = "ran"
    UNCHANGED = "up to date"
    CACHED = "restored from the run cache"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class StageRun:
    """
    Attributes:
        outcome: What became of the stage.
        seconds: How long that took; 0 of a stage that failed or was not reached.
        reason: Why it failed, in one line.
    """

    outcome: Outcome
    seconds: float
    reason: str = ""


def dvc(checkout: Checkout, *arguments: str) -> None:
    """Run a `dvc` command whose output nobody reads.

    Raises:
        DvcError: with the command and the reason.
    """
    try:
        run_dvc(checkout, arguments)
    except DvcError as error:
        raise DvcError(f"`dvc {' '.join(arguments[:2])}` failed: {error}") from None


def run_dvc(checkout: Checkout, arguments: Sequence[str], on_line: Callable[[str], None] = lambda _: None) -> list[str]:
    """All lines that `dvc` prints, run with `arguments`; `on_line` gets each that a stage prints, as it comes.

    Raises:
        DvcError: with the last line that tells the reason.
    """
    lines: list[str] = []
    with subprocess.Popen(
        # Without --wait-for-lock a process that waits for another's bookkeeping gives up after three seconds.
        [sys.executable, "-m", PROGRAM, "dvc", "--wait-for-lock", *arguments],
        cwd=checkout.root,
        env={**checkout.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in map(str.rstrip, process.stdout):
                lines.append(line)
                if line and not _DVC_SAYS.match(line):
                    on_line(spoken(line.removeprefix(_REASON)))
        except BaseException:  # A signal, say: to leave the block is to wait for DVC.
            process.terminate()
            raise
    if process.returncode != 0:
        raise DvcError(_reason(lines, process.returncode))
    return lines


def reproduce(checkout: Checkout, stage: str, on_line: Callable[[str], None], force: bool = False) -> Outcome:
    """`dvc repro` for `stage` alone; the stages before it must be up to date. `on_line` is as for `run_dvc`.

    Raises:
        DvcError: with the stage's own reason.
    """
    lines = run_dvc(checkout, ["repro", "--single-item", *["--force"] * force, stage], on_line)
    if any(line.startswith("Running stage") for line in lines):
        return Outcome.RAN
    if any("is cached - skipping run" in line for line in lines):
        return Outcome.CACHED
    return Outcome.UNCHANGED


def forget_lost_outputs(copy: Checkout) -> None:
    """Take the stages out of the `dvc.lock` of a clone whose outputs are neither there nor in DVC's cache.

    Where nothing else has changed, DVC would run them, and not look for the same run in its run cache.
    """
    stages = locked_stages(copy)
    with Repo(str(copy.root)) as repo:
        in_cache = repo.cache.local.exists
        lost = {
            name
            for name, stage in stages.items()
            for out in stage.get("outs", [])
            if not in_cache(out.get("md5", "")) and not (copy.root / out["path"]).exists()
        }
    if lost:
        kept = {name: stage for name, stage in stages.items() if name not in lost}
        YAML(typ="safe").dump({"schema": "2.0", "stages": kept}, copy.root / LOCK_FILE)


def default_remote(root: Path) -> str | None:
    """The DVC remote that `dvc push` and `dvc fetch` use, if there is one."""
    with Repo(str(root)) as repo:
        name: str | None = repo.config["core"].get("remote")
    return name


def _reason(lines: list[str], status: int) -> str:
    own = [line.removeprefix(_REASON) for line in lines if line.startswith(_REASON)]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (own or errors or lines or [f"exit status {status}"])[-1]


Graph = Mapping[str, frozenset[str]]
"""Each stage and the stages whose outputs it reads; a stage stands behind all of these."""


def stage_graph(root: Path) -> Graph:
    """The graph of the DVC repository at `root`.

    Raises:
        UserError: if it is in no git repository.
    """
    top_folder(Checkout(root))
    with Repo(str(root)) as repo:
        # DVC's edges lead from a stage to those that it depends on.
        graph = repo.index.graph
        order = reversed(list(networkx.lexicographical_topological_sort(graph, key=_position(repo))))
        return {stage.name: frozenset(before.name for before in graph.successors(stage)) for stage in order}


def up_to_date(root: Path, graph: Graph) -> frozenset[str]:
    """The stages of `graph` that `dvc repro` would leave alone, one look at all of them.

    A stage behind one that has changed is not among them, for nobody knows yet what it will read; and none is while
    another process keeps DVC busy.
    """
    try:
        with Repo(str(root)) as repo:
            changed = {name.rpartition(":")[2] for name in repo.status()}
    except LockError:
        return frozenset()
    same: set[str] = set()
    for stage, before in graph.items():
        if stage not in changed and before <= same:
            same.add(stage)
    return frozenset(same)


def with_upstream(graph: Graph, targets: Collection[str]) -> Graph:
    """The part of `graph` that `targets` need.

    Raises:
        UserError: for a target that is no stage.
    """
    if unknown := [stage for stage in targets if stage not in graph]:
        raise UserError(f"{unknown[0]!r} is no stage; there are {', '.join(graph)}")
    edges = networkx.DiGraph(graph)
    needed = set(targets).union(*(networkx.descendants(edges, stage) for stage in targets))
    return {stage: before for stage, before in graph.items() if stage in needed}


def _position(repo: Repo) -> Callable[[Any], int]:
    names = [stage.name for stage in repo.index.stages]
    # Stages that do not depend on each other keep the order of dvc.yaml; the whole order is reversed above.
    return lambda stage: -names.index(stage.name)
