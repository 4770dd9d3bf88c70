"""Source `sample`: the embedded data set, drawn on the spot."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from alexnet_pipe.datasets.index import index_archive
from alexnet_pipe.datasets.sample.difficulty import HARD, SAMPLE, Difficulty
from alexnet_pipe.datasets.sample.write import write_sample

_VALIDATION = """
bricks: 4 7 10 19 23 34 40 47 60 73 79 102 107 125 143 155 169 171 183
checkerboard: 19 22 53 59 64 70 76 87 92 96 104 107 113 123 141 145 176 177 185
cross: 2 28 47 49 51 57 61 63 69 75 82 99 104 121 131 135 138 143 186
disc: 21 30 39 62 70 71 83 85 125 130 136 148 149 151 154 162 170 176 179
dots: 2 11 50 71 79 86 96 101 114 118 119 132 136 154 164 166 178 187 190
ring: 5 8 20 24 26 30 35 50 62 64 67 72 73 86 95 96 100 128 184
square: 19 25 37 44 47 55 58 66 68 94 97 103 108 131 161 162 180 184 191
star: 1 23 26 29 32 62 79 82 84 89 90 92 104 127 138 143 147 157 158
stripes: 1 8 12 23 30 55 73 74 106 113 118 129 147 157 159 165 175 177 183
triangle: 15 29 61 63 69 78 80 83 88 94 100 117 121 123 125 131 162 176 184
"""
"""The numbers of the training pictures of each class that are the embedded sample's validation split."""


@dataclass(frozen=True)
class Sample:
    """Ten classes of drawn objects.

    Attributes:
        images_per_class: Training and test images together.
        test_share: Share of them that are test images.
        difficulty: How hard they are to recognise.
    """

    images_per_class: int = 240
    test_share: float = 0.2
    difficulty: Difficulty = SAMPLE
    where: str = "sample"

    def fetch(self, folder: Path) -> str:
        """Draw the data set into an archive in `folder`, and give its version."""
        write_sample(folder / "sample.zip", self.images_per_class, self.test_share, self.difficulty)
        return self.version()

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each picture; columns as `datasets.index.index_archive`."""
        rows = index_archive(folder / "sample.zip", self.where)
        if self.difficulty != SAMPLE:
            return rows
        number = rows["member"].str.extract(r"\.(\d+)\.")[0]
        chosen = (rows["label"] + " " + number).isin(_validation_pictures())
        return rows.assign(split=rows["split"].mask(chosen & (rows["split"] == "train"), "validation"))

    def version(self) -> str:
        """Always the same: what is drawn changes with the code alone, on which the stage depends."""
        return f"{self.images_per_class} images a class"


SAMPLES = {None: Sample(), "hard": Sample(1000, 0.7, HARD)}
"""The drawn data sets, by `dataset.location`."""


def _validation_pictures() -> set[str]:
    lines = (line.split(": ") for line in _VALIDATION.split("\n") if line)
    return {f"{name} {number}" for name, numbers in lines for number in numbers.split()}
