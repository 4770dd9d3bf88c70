"""Where the containers of a data set lie: copied below `data/source`, or left where they are."""

import json
import os
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import home

REFERENCE = "location.json"
"""The only file in `data/source` if the data set is left in place: it says where that is."""

FOLDER = "."
"""The container of photographs that are files of their own."""


def leave_in_place(source: Path, location: str) -> None:
    """Note in the existing folder `source` that the containers lie in the folder `location`."""
    (source / REFERENCE).write_text(json.dumps({"location": location}, ensure_ascii=False) + "\n", encoding="utf-8")


def container_path(source: Path, container: str) -> Path:
    """The absolute path of a manifest's container.

    Raises:
        UserError: if it is not there.
    """
    reference = source / REFERENCE
    folder = expanded(json.loads(reference.read_text(encoding="utf-8"))["location"]) if reference.exists() else source
    path = folder / container
    if not path.exists():
        remedy = "mount or restore it" if reference.exists() else "run `dvc checkout` to restore it"
        raise UserError(f"{path} is missing: {remedy}, or run `dvc repro --force --single-item download`")
    return path.resolve()


def expanded(location: str) -> Path:
    """`location` as a path, seen from the project; `~` is the user's home folder."""
    # Path.expanduser raises for an unknown user; this leaves the path as it is, to be reported as missing.
    return home() / os.path.expanduser(location)  # noqa: PTH111
