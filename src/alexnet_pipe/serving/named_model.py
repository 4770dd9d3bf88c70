"""A model's file by its name: a file, a stage or version of the registry, or a revision of the project."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts

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
        from alexnet_pipe.project.revisions import how_to_get

        raise UserError(f"{MODEL} is missing: {how_to_get(Path(), MODEL)}")
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
    # Not needed for a file.
    from alexnet_pipe.project.checkout import NoRepositoryError
    from alexnet_pipe.project.revisions import NoRevisionError, open_revision

    try:
        revision = open_revision(Path(), name)
    except (NoRepositoryError, NoRevisionError) as error:
        raise UserError(f"{name} is no file, and {error}") from None
    revision.fetch(MODEL, path)
