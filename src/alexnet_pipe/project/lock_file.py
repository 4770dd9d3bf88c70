"""`dvc.lock`: with which code, parameters and data the outputs were made, in the workspace or in a revision."""

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from alexnet_pipe.project.checkout import Checkout, git

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
