"""Where results come from: the last commit, `dvc.lock`, the libraries and the machine."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import code_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout, digests, git, locked_stages

_DECISIVE = ("src", "dvc.yaml", "params.yaml", "conf/relabelled.csv", "pyproject.toml", "uv.lock")
"""What a run does not write itself."""


@dataclass(frozen=True)
class Commit:
    """
    Attributes:
        revision: 40 hexadecimal digits.
        date: YYYY-MM-DD.
        changed: Whether code, parameters or the list of libraries differ from it in the folder.
        test_metrics: `metrics/test.json` in it; None if it has none.
        same_images: Whether it has the images of the folder, by `dvc.lock`, so that its errors can be compared.
    """

    revision: str
    date: str
    changed: bool
    test_metrics: dict[str, Any] | None
    same_images: bool = True


@dataclass(frozen=True)
class Provenance:
    """
    Attributes:
        commit: The last one, None where there is none.
        code: The digest of this project's code.
        digests: MD5 by path, as `dvc.lock` has it.
        lock: The SHA-256 of what `dvc.lock` says of all stages but `report`, which it describes only afterwards.
        versions: Of the libraries that decide results, by name.
    """

    commit: Commit | None
    code: str
    digests: Mapping[str, str]
    lock: str | None
    versions: Mapping[str, str]


def load_provenance(root: Path, backend: str) -> Provenance:
    """What is known in the project's folder `root`, of a training on the Keras backend `backend`."""
    here = Checkout(root)
    stages = {name: stage for name, stage in locked_stages(here).items() if name != "report"}
    return Provenance(
        commit=_last_commit(here),
        code=code_digest(),
        digests=digests(stages),
        lock=hashlib.sha256(json.dumps(stages, sort_keys=True).encode()).hexdigest() if stages else None,
        versions=library_versions("keras", backend, "numpy"),
    )


def _last_commit(here: Checkout) -> Commit | None:
    line = _git(here, "log", "-1", "--format=%H %cs")
    if not line:
        return None
    revision, date = line.split()
    metrics = _git(here, "show", "HEAD:./metrics/test.json")
    changed = bool(_git(here, "status", "--porcelain", "--", *_DECISIVE))
    if not metrics:
        return Commit(revision, date, changed, None)
    return Commit(revision, date, changed, json.loads(metrics), _images(here) == _images(here, "HEAD"))


def _images(here: Checkout, commit: str | None = None) -> str | None:
    """The digest of all prepared images in the folder or in a commit, if `dvc.lock` has it there."""
    try:
        return digests(locked_stages(here, commit)).get(Artifacts(Path()).images.as_posix())
    except UserError:
        return None


def _git(here: Checkout, *arguments: str) -> str | None:
    """What git prints; None if there is no git, no repository, or not what was asked for."""
    try:
        return git(here, *arguments)
    except UserError:
        return None


def library_versions(*names: str) -> dict[str, str]:
    """By the name that each is imported by; one that is not installed is left out."""
    found: dict[str, str] = {}
    for name in names:
        # TensorFlow for processors alone is a distribution of its own.
        for distribution in (name, f"{name}-cpu"):
            try:
                found.setdefault(name, version(distribution))
            except PackageNotFoundError:
                continue
    return found


def this_machines_name() -> str:
    """Processor, cores and system."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line for line in lines if line.startswith("model name")]
    processor = models[0].partition(":")[2].strip() if models else platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}"
