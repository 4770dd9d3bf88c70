"""The stages and their order, as `dvc.yaml` has them, and which of them DVC finds up to date."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import networkx
from dvc.lock import LockError
from dvc.repo import Repo

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.project.checkout import Checkout, top_folder

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
