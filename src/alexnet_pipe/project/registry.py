"""The model registry: versions of the model and the stages that they have, kept as git's tags by GTO."""

from pathlib import Path

from alexnet_pipe.base.errors import UserError

NAME = "alexnet"
"""The model's name in `dvc.yaml` and in the registry."""

_PREFIX = f"{NAME}@"


def is_registered(name: str) -> bool:
    """Whether `name` is one of the registry, as `alexnet@prod` or `alexnet@v1.0.0`, be it there or not."""
    return name.startswith(_PREFIX)


def registered_versions(root: Path, name: str = NAME) -> dict[str, str]:
    """The commit of each registered version of `name`, as `v0.0.1`, in the project `root`."""
    # Slow to import.
    import gto.api
    from gto.exceptions import ArtifactNotFound

    try:
        return {row["version"]: row["commit_hexsha"] for row in gto.api.show(str(root), name)}
    except ArtifactNotFound:
        return {}


def versions_in_stage(root: Path, stage: str, name: str = NAME) -> list[str]:
    """The versions of `name` that have `stage`, the highest first: that is the one to use, the next the one before."""
    import gto.api
    from gto.exceptions import ArtifactNotFound

    try:
        found = gto.api.find_versions_in_stage(str(root), name, stage, versions_per_stage=-1)
    except ArtifactNotFound:
        return []
    return [each.version for each in found or []]


def champion(root: Path, stage: str) -> str | None:
    """The git tag of the version that has `stage`, or None if none has."""
    return next((f"{_PREFIX}{version}" for version in versions_in_stage(root, stage)), None)


def registered_commit(root: Path, name: str) -> str:
    """The commit of a version, or of the version that has a stage, in the project `root`.

    Raises:
        UserError: if there is no such version or stage.
    """
    import gto.api

    wanted, commits = name.removeprefix(_PREFIX), registered_versions(root)
    if not commits:
        raise UserError(f"{name}: no version is registered: `gto register {NAME}` does that")
    for stage in gto.api.get_stages(str(root), used=True):
        if versions := versions_in_stage(root, stage):
            commits[stage] = commits[versions[0]]
    if wanted not in commits:
        raise UserError(f"{name}: there is no such stage or version; there are {', '.join(commits)}")
    return commits[wanted]
