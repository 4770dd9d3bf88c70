"""Revisions of the project: what a name stands for, also one of the registry, and its files, from git and DVC."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import undamaged
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import Advance, progress
from alexnet_pipe.base.terminal import original
from alexnet_pipe.project.checkout import Checkout, digests, git, locked_stages, top_folder

if TYPE_CHECKING:
    import pandas as pd

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


def registered_tags(root: Path) -> str:
    """The tags of the registry in the project `root`: another text once a version or a stage is given or taken."""
    return git(Checkout(root), "for-each-ref", f"refs/tags/{_PREFIX}*", f"refs/tags/{NAME}#*")


WORKSPACE = "workspace"
_FILES = Artifacts(Path())


class NoRevisionError(UserError):
    """Nothing in the project has this name."""


@dataclass(frozen=True)
class Revision:
    """One state of the project.

    Attributes:
        name: As the user calls it.
        commit: Of git; None of the workspace.
        files: A `DVCFileSystem`.
        folder: Where the project lies in `files`; not at their top if it is a folder of a larger repository.
    """

    name: str
    commit: str | None
    files: Any
    folder: Path = Path()

    def open(self, path: Path) -> IO[bytes]:
        """A file, to be read in any order; what lies in a remote is not fetched as a whole.

        Raises:
            OSError: if it is neither in the workspace nor in DVC's cache or remote.
        """
        return self.files.open(self.place(path), "rb")

    def read(self, path: Path) -> bytes:
        """All of a file.

        Raises:
            UserError: if the revision has no such file, or it cannot be had.
        """
        if not self.files.exists(self.place(path)):
            get = "name a revision in which the pipeline has run" if self.commit is not None else "`dvc repro` makes it"
            raise UserError(f"{self.name} has no {path}: {get}")
        try:
            with self.open(path) as file:
                return file.read()
        except OSError:
            raise self._not_here(path) from None

    def fetch(self, path: Path, to: Path) -> None:
        """Copy a file from DVC's remote, or link to DVC's cache; what comes from the remote is put into the cache.

        Raises:
            UserError: if the revision has no such file, or it cannot be had.
        """
        from dvc.exceptions import DvcException
        from dvc.fs import localfs

        try:
            about = self.files.info(self.place(path))
        except FileNotFoundError:
            about = {}
        if not about.get("size"):  # A stage that has not run yet has an output of no size.
            raise UserError(f"{self.name} has no {path}: name a revision that has one")
        try:
            with progress("fetch", about["size"], "bytes") as advance:
                self.files.get_file(about["name"], str(to), callback=_callback(advance))
        except FileNotFoundError:
            raise self._not_here(path) from None
        except (DvcException, OSError) as error:
            raise UserError(f"{path} of {self.name} cannot be fetched: {' '.join(str(error).split())}") from None
        if (digest := about.get("md5")) and not (cache := about["repo"].cache.local).exists(digest):
            cache.add(str(to), localfs, digest)

    def place(self, path: Path) -> str:
        """Where a file or folder of the project lies in `files`."""
        return (self.folder / path).as_posix()

    def _not_here(self, path: Path) -> UserError:
        if not self.files.repo.config["core"].get("remote"):
            return UserError(
                f"{path} of {self.name} is not in DVC's cache, and no remote is set (`dvc remote add`) to get it from: "
                f"`git checkout {self.name}` and `dvc repro`, in another clone, make it again"
            )
        return UserError(
            f"{path} of {self.name} is neither in DVC's cache nor in its remote: `dvc push --all-commits` brings it "
            "there from the clone that has it"
        )


def _callback(advance: Advance) -> Any:
    from dvc.fs.callbacks import Callback

    done = 0

    def show(_: int, value: int, **__: Any) -> None:
        nonlocal done
        advance(value - done)
        done = value

    return Callback(hooks={"progress": show})


def open_revision(root: Path, name: str = WORKSPACE) -> Revision:
    """The workspace of the project `root`, or its commit, branch, tag, experiment, or stage or version of the registry.

    Raises:
        NoRevisionError: if there is no such revision.
        NoRepositoryError: if there is no git repository.
        UserError: if the registry has no such stage or version.
    """
    # Slow to import.
    from dvc.api import DVCFileSystem
    from dvc.scm import RevError

    folder = root.resolve().relative_to(top_folder(Checkout(root)))
    try:
        if name == WORKSPACE:
            return Revision(name, None, DVCFileSystem(str(root)))
        wanted = registered_commit(root, name) if is_registered(name) else name
        files = DVCFileSystem(str(root), rev=wanted, subrepos=folder != Path())
        return Revision(name, str(files.repo.get_rev()), files, folder)  # It is opened only now.
    except RevError:
        raise NoRevisionError(
            f"{name} is no revision of this project: `git tag`, `git log --oneline` and `dvc exp list` name them"
        ) from None
    except UserError:
        raise
    except Exception as error:  # A damaged repository leads the libraries to errors of many kinds.
        raise UserError(f"{name} cannot be read: {' '.join(str(error).split()) or type(error).__name__}") from None


def how_to_get(root: Path, output: Path) -> str:
    """What brings an output of the pipeline in `root` that is missing, as a message ends."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    if not (root / "dvc.yaml").exists():
        return "work in the project's folder, or name a file"
    try:
        with Repo(str(root)) as repo:
            md5 = digests(locked_stages(Checkout(root))).get(output.as_posix(), "")
            cached, remote = bool(md5) and repo.cache.local.exists(md5), repo.config["core"].get("remote")
    except DvcException:
        cached, remote = False, None
    if cached:
        return f"`dvc checkout {output}` restores it"
    return f"`dvc pull {output}` fetches it, or `dvc repro` makes it" if remote else "`dvc repro` makes it"


def results_of(revision: Revision) -> "pd.DataFrame":
    """One row a test image: names of the `actual` and the `predicted` class, ten views, and `evaluate`'s predictions.

    Raises:
        UserError: if the revision has no results, or they cannot be had.
    """
    import pandas as pd

    with undamaged(_FILES.confusion):
        names = pd.read_csv(io.BytesIO(revision.read(_FILES.confusion)), dtype=str, keep_default_na=False)
    with undamaged(_FILES.predictions):
        return names.map(original).join(pd.read_parquet(io.BytesIO(revision.read(_FILES.predictions))))


def same_model(checkout: Checkout, revision: str) -> bool:
    """Whether the model in `checkout` has the same bytes as that of `revision`."""
    now, then = (digests(locked_stages(checkout, commit)).get(str(_FILES.model)) for commit in (None, revision))
    return now == then
