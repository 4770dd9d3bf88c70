"""Where photographs come from."""

from pathlib import Path
from typing import Protocol

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import home
from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.imagenet import ImageNet
from alexnet_pipe.datasets.kaggle import Kaggle
from alexnet_pipe.datasets.sample.sample_source import SAMPLES
from alexnet_pipe.datasets.url import Url
from alexnet_pipe.params.dataset import DatasetParams


class Source(Protocol):
    """Labelled photographs somewhere.

    Attributes:
        where: What messages call it.
    """

    @property
    def where(self) -> str: ...

    def fetch(self, folder: Path) -> str:
        """Put the archives, or a reference to where they lie, into the existing, empty `folder`.

        Returns:
            Which version that is, as `version` gives it.
        """

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of every photograph in what `fetch` put into `folder`.

        The columns are those of `datasets.index.index_archive`.
        """

    def version(self) -> str:
        """What the source has now: the same text as long as it has the same photographs; one cheap request."""


def source_of(dataset: DatasetParams, clear_of: Path, downloads: Path) -> Source:
    """The source that the section `dataset` names.

    Args:
        dataset: The section.
        clear_of: The folder that the stage replaces.
        downloads: Where unfinished downloads are kept.

    Raises:
        UserError: if the source lies in `clear_of`.
    """
    location = dataset.location or ""
    match dataset.source:
        case "sample":
            return SAMPLES[dataset.location]
        case "kaggle":
            return Kaggle(location, downloads, dataset.labels)
        case "url":
            return Url(location, dataset.sha256 or "", downloads, dataset.labels)
        case "imagenet":
            source: ImageNet | Directory = ImageNet(location, dataset.copy)
        case "directory":
            source = Directory(location, dataset.copy, dataset.labels)
    _refuse_overlap(source.location, clear_of)
    return source


def _refuse_overlap(location: Path, clear_of: Path) -> None:
    here = location.resolve()
    # What the project refuses, a temporary copy of it refuses too.
    for output in (clear_of.resolve(), (home() / clear_of).resolve()):
        if here == output or here in output.parents or output in here.parents:
            raise UserError(f"dataset.location: {location} overlaps with {clear_of}, which is replaced: move it")
