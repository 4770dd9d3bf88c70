"""Source `sample`: the embedded data set, drawn on the spot."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from alexnet_pipe.datasets.index import index_archive
from alexnet_pipe.datasets.sample.write import write_sample


@dataclass(frozen=True)
class Sample:
    """Ten classes of drawn objects."""

    images_per_class: int = 240
    where: str = "sample"

    def fetch(self, folder: Path) -> str:
        """Draw the data set into an archive in `folder`, and give its version."""
        write_sample(folder / "sample.zip", self.images_per_class)
        return self.version()

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each picture; columns as `datasets.index.index_archive`."""
        return index_archive(folder / "sample.zip", self.where)

    def version(self) -> str:
        """Always the same: what is drawn changes with the code alone, on which the stage depends."""
        return f"{self.images_per_class} images a class"
