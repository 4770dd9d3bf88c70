"""What made a model, as an in-toto Statement with SLSA's provenance: https://in-toto.io/Statement/v1, https://slsa.dev.

It says what git and `dvc.lock` know, in the published fields. Nothing in it is a time, so the same state of the project
makes the same bytes.
"""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.reporting.origin import Provenance

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:alexnet-pipe:dvc-repro:v1"
"""What kind of build it was; `docs/provenance.md` says what its parameters and dependencies mean."""

BUILDER = "urn:alexnet-pipe:local"
"""Whoever ran the pipeline, on a machine of their own: no service vouches for it."""

_DATA = ("data/source", "data/manifest.parquet", "data/images", "statistics/mean.npy", "statistics/pca.json")
_FROM_TRAINING = ("backend", "device", "devices", "precision", "weights_digest")


def statement(
    artifacts: Artifacts,
    parameters: Mapping[str, Mapping[str, Any]],
    source: Mapping[str, Any],
    training: Mapping[str, Any],
    origin: Provenance,
) -> dict[str, Any]:
    """The Statement about `artifacts.model`, as JSON has it.

    Args:
        artifacts: Where the files lie; each that is named by its SHA-256 is read.
        parameters: Section, key and value of the configuration, without secrets.
        source: `data/version.json`: which data set was downloaded.
        training: `metrics/train.json`; what it does not say is left out.
        origin: What git and `dvc.lock` know.
    """
    md5 = origin.digests
    model = _described(artifacts.root, _place(artifacts, artifacts.model), md5)
    dependencies = [_code(origin), *_lock(artifacts.root)]
    dependencies += [{"name": path, "digest": _dvc_digest(md5[path])} for path in _DATA if path in md5]
    for each in dependencies:
        if each["name"] == "data/source":
            each["annotations"] = dict(source)
    return {
        "_type": STATEMENT,
        "subject": [model],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {name: dict(section) for name, section in parameters.items()},
                "internalParameters": {name: training[name] for name in _FROM_TRAINING if name in training},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": _versions(origin)},
                "byproducts": [
                    _described(artifacts.root, _place(artifacts, path), {})
                    for path in (artifacts.data_metrics, artifacts.test_metrics)
                ],
            },
        },
    }


def _place(artifacts: Artifacts, path: Path) -> str:
    return path.relative_to(artifacts.root).as_posix()


def _described(root: Path, name: str, md5: Mapping[str, str]) -> dict[str, Any]:
    """A file, by its own bytes, and as `dvc.lock` knows it."""
    known = {"md5": md5[name]} if name in md5 else {}
    return {"name": name, "digest": {"sha256": file_digest(root / name), **known}}


def _dvc_digest(md5: str) -> dict[str, str]:
    """Of a folder it is the MD5 of DVC's list of its files; in-toto knows no name for that."""
    return {"dvcDirectoryMd5": md5.removesuffix(".dir")} if md5.endswith(".dir") else {"md5": md5}


def _code(origin: Provenance) -> dict[str, Any]:
    """The commit, and whether what lay in the folder differed from it; the code's own digest tells that code."""
    annotations: dict[str, Any] = {"code": origin.code, "lock": origin.lock or ""}
    if not origin.commit:
        return {"name": "code", "annotations": annotations}
    annotations |= {"date": origin.commit.date, "changesNotCommitted": origin.commit.changed}
    return {"name": "code", "digest": {"gitCommit": origin.commit.revision}, "annotations": annotations}


def _lock(root: Path) -> list[dict[str, Any]]:
    return [_described(root, "uv.lock", {})] if (root / "uv.lock").exists() else []


def _versions(origin: Provenance) -> dict[str, str]:
    own = {"alexnet-pipe": version("alexnet-pipe"), "dvc": version("dvc"), "python": platform.python_version()}
    return {**own, **origin.versions}
