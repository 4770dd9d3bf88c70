"""The model that is in use: the one that git's tags give the stage of the champion."""

import io
from pathlib import Path

import dvc.api
import gto.api
import pandas as pd
from gto.exceptions import ArtifactNotFound
from ruamel.yaml import YAML

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.commands import git
from alexnet_pipe.project.registry import NAME


def champion(root: Path, stage: str) -> str | None:
    """The git tag of the version that has `stage`, or None if none has."""
    try:
        found = gto.api.find_versions_in_stage(str(root), NAME, stage)
    except ArtifactNotFound:
        return None
    return f"{NAME}@{found[0].version}" if found else None


def same_model(root: Path, revision: str) -> bool:
    """Whether the model in the project `root` has the same bytes as that of `revision`."""
    return _model_in((root / "dvc.lock").read_text()) == _model_in(git(root, "show", f"{revision}:dvc.lock"))


def results_of(root: Path, revision: str | None = None) -> pd.DataFrame:
    """One row a test image, of `revision` or of the workspace: `sha256`, `actual` and `predicted` class name."""
    artifacts = Artifacts(Path())
    images, names = (
        dvc.api.read(str(path), repo=str(root), rev=revision, mode="rb")
        for path in (artifacts.predictions, artifacts.confusion)
    )
    table = pd.read_csv(io.BytesIO(names), dtype=str, keep_default_na=False)
    return table.assign(sha256=pd.read_parquet(io.BytesIO(images), columns=["sha256"])["sha256"])


def _model_in(lock: str) -> str | None:
    stages = YAML(typ="safe").load(lock).get("stages", {})
    outs = {out["path"]: out.get("md5") for stage in stages.values() for out in stage.get("outs", [])}
    return outs.get(str(Artifacts(Path()).model))
