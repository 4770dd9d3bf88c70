"""Where photographs come from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.sample import write_sample
from alexnet_pipe.errors import UserError
from alexnet_pipe.params.dataset import DatasetParams


class Source(Protocol):
    """Labelled photographs that can be had as one archive."""

    def fetch(self, folder: Path) -> Path:
        """Put exactly one archive into the existing, empty `folder`; returns the archive's path."""


@dataclass(frozen=True)
class Sample:
    """The embedded data set, drawn on the spot."""

    images_per_class: int = 240

    def fetch(self, folder: Path) -> Path:
        """Draw the data set into `folder`."""
        archive = folder / "sample.zip"
        write_sample(archive, self.images_per_class)
        return archive


def source_of(dataset: DatasetParams, clear_of: Path) -> Source:
    """The source that the section `dataset` names.

    Raises:
        UserError: if it overlaps with the folder `clear_of`, which the stage replaces.
    """
    if dataset.location is None:
        return Sample()
    source = Directory(dataset.location)
    here, output = source.location.resolve(), clear_of.resolve()
    if here == output or here in output.parents or output in here.parents:
        raise UserError(f"dataset.location: {source.location} overlaps with {clear_of}, which is replaced: move it")
    return source
