"""The model registry: versions of the model and the stages that they have, kept as git's tags by GTO."""

from pathlib import Path

from alexnet_pipe.base.errors import UserError

NAME = "alexnet"
"""The model's name in `dvc.yaml` and in the registry."""

_PREFIX = f"{NAME}@"


def is_registered(name: str) -> bool:
    """Whether `name` is one of the registry, as `alexnet@prod` or `alexnet@v1.0.0`, be it there or not."""
    return name.startswith(_PREFIX)


def registered_commit(root: Path, name: str) -> str:
    """The commit of a version, or of the version that has a stage, in the project `root`.

    Raises:
        UserError: if there is no such version or stage.
    """
    # Slow to import.
    import gto.api
    from gto.exceptions import ArtifactNotFound

    wanted, scm = name.removeprefix(_PREFIX), str(root)
    try:
        commits = {row["version"]: row["commit_hexsha"] for row in gto.api.show(scm, NAME)}
    except ArtifactNotFound:
        raise UserError(f"{name}: no version is registered: `gto register {NAME}` does that") from None
    for stage in gto.api.get_stages(scm, used=True):
        if versions := gto.api.find_versions_in_stage(scm, NAME, stage):
            commits[stage] = versions[0].commit_hexsha
    if wanted not in commits:
        raise UserError(f"{name}: there is no such stage or version; there are {', '.join(commits)}")
    return str(commits[wanted])


def champion(root: Path, stage: str) -> str | None:
    """The git tag of the version that has `stage`, or None if none has."""
    import gto.api
    from gto.exceptions import ArtifactNotFound

    try:
        found = gto.api.find_versions_in_stage(str(root), NAME, stage)
    except ArtifactNotFound:
        return None
    return f"{_PREFIX}{found[0].version}" if found else None
