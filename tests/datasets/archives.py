"""What a small archive holds, and reading an archive as the pipeline does: by the places of its index."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive_file import open_archive
from alexnet_pipe.datasets.place import Container, Place

FILES = {"cats/1.jpg": b"cat" * 1000, "dogs/é.jpg": b"dog", "empty": b""}
LONG = "cats/" + "ü" * 120 + "/" + 249 * "n" + "\n .jpg"


def places(path: Path) -> dict[str, Place]:
    with open_archive(path) as archive:
        return {member.name: member.place for member in archive.members()}


def contents(path: Path) -> dict[str, bytes]:
    """Every member, as its place gives it."""
    with Container(path) as container:
        return {name: container.read(name, place) for name, place in reversed(places(path).items())}


def refused(path: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        places(path)
    assert "\n" not in str(caught.value)
