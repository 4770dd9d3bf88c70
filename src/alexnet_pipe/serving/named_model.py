"""A model's file by its name: a file, a stage or version of the registry, or a revision of the project."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import progress
from alexnet_pipe.project.registry import commit_of, is_registered

MODEL = Artifacts().model


@contextmanager
def model_file(name: str) -> Iterator[Path]:
    """The file of the model that is called `name`.

    A file wins over a revision of the same name. What is no file is `alexnet@STAGE`, `alexnet@VERSION`, or whatever git
    or DVC takes for a revision: a commit, branch or tag, or an experiment; its `models/alexnet.keras` is fetched from
    DVC's cache or remote into a temporary folder, which goes with the block.

    Raises:
        UserError: if there is no such file, stage, version or revision, or if its model cannot be had.
    """
    if Path(name).is_file():
        yield Path(name)
        return
    if Path(name) == MODEL:
        raise UserError(f"{MODEL} is missing: run `dvc pull {MODEL}` to fetch it, or `dvc repro` to make it")
    with TemporaryDirectory() as folder:
        path = Path(folder) / MODEL.name
        # Once imported, DVC writes through streams of its own (colorama); this puts the old ones back.
        with redirect_stdout(sys.stderr), redirect_stderr(sys.stderr):
            _fetch(name, path)
        try:
            yield path
        except UserError as error:
            raise UserError(str(error).replace(str(path), f"the model of {name}")) from None


def _fetch(name: str, path: Path) -> None:
    # Not needed for a file, and slow to import.
    from dvc.exceptions import DvcException
    from dvc.scm import SCM, SCMError

    try:
        scm = SCM(".")
    except SCMError:
        raise UserError(f"{name} is no file, and this folder is in no git repository that has revisions") from None
    revision = commit_of(scm, name) if is_registered(name) else name
    try:
        _fetch_revision(revision, name, path)
    except SCMError:
        raise UserError(
            f"{name} is neither a file nor a revision: `git log --all` and `dvc exp list` name them"
        ) from None
    except (DvcException, OSError) as error:
        raise UserError(f"the model of {name} cannot be fetched: {' '.join(str(error).split())}") from None


def _fetch_revision(revision: str, name: str, path: Path) -> None:
    from dvc.api import DVCFileSystem

    project = DVCFileSystem(".", rev=revision)
    try:
        model = project.info(MODEL.as_posix())
    except FileNotFoundError:
        model = {}
    if not model.get("size"):  # A stage that has not run yet has an output of no size.
        raise UserError(f"{name} has no {MODEL}: name a revision that has one")
    try:
        _download(project, model, path)
    except FileNotFoundError:
        raise UserError(
            f"the model of {name} is neither in DVC's cache nor in its remote: run `dvc push --all-commits` where it is"
        ) from None


def _download(project: Any, model: Mapping[str, Any], path: Path) -> None:
    """From DVC's remote, or as a link to its cache; what comes from the remote is put into the cache."""
    from dvc.fs import localfs
    from dvc.fs.callbacks import Callback

    with progress("fetch", model["size"], "bytes") as advance:
        done = 0

        def show(_: int, value: int, **__: Any) -> None:
            nonlocal done
            advance(value - done)
            done = value

        project.get_file(model["name"], str(path), callback=Callback(hooks={"progress": show}))
    digest, cache = model.get("md5"), project.repo.cache.local
    if digest and not cache.exists(digest):
        cache.add(str(path), localfs, digest)
