"""Section `dataset`: which photographs, and how they are split."""

import re
import warnings
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from alexnet_pipe.params.section import Section, Sha256

Share = Annotated[float, Field(gt=0, lt=1)]

_KAGGLE = re.compile(r"[\w-]+/[\w-]+(/versions/[1-9]\d*)?")
_LOCATIONS = {
    "directory": "a folder, an archive or a text list",
    "kaggle": "OWNER/NAME/versions/N, as in tongpython/cat-and-dog/versions/1",
    "imagenet": "the folder with the published tar archives",
    "url": "an address that begins with http:// or https://",
}


with warnings.catch_warnings():
    # `copy` is also a method of pydantic's models, a deprecated one.
    warnings.simplefilter("ignore", UserWarning)

    class DatasetParams(Section):
        """
        Attributes:
            source: `sample` draws the embedded data set; `directory`, `kaggle`, `imagenet`, `url` read `location`.
            location: A folder, a zip or tar archive, or a text list (`path label` a line); OWNER/NAME/versions/N of
                Kaggle; the folder with ImageNet's archives; an address; `hard`, of `sample`: 10,000 drawings that are
                recognised less easily.
            sha256: Of the archive that `url` names, hexadecimal.
            labels: `folders`, or the column of a table beside the photographs; if None, what is found: class folders, a
                table, or the names of the files.
            copy: Keep a copy of the source below `data/source`; otherwise it is read where it lies.
            validation_share: About the share of each class's training images held out, where the source has no
                validation split.
            test_share: About the share of each class's images held out, where the source has no test split.
        """

        source: Literal["sample", "directory", "kaggle", "imagenet", "url"] = "sample"
        location: str | None = None
        sha256: Sha256 | None = None
        labels: str | None = None
        copy: bool = True  # type: ignore[assignment]
        validation_share: Share = 0.1
        test_share: Share = 0.2

        @model_validator(mode="after")
        def _fields_fit_the_source(self) -> "DatasetParams":
            if self.source == "sample" and self.location not in (None, "hard"):
                raise ValueError("`source: sample` has no `location` but `hard`; set `source: directory` to read it")
            if self.source != "sample" and not self.location:
                raise ValueError(f"`source: {self.source}` needs `location`: {_LOCATIONS[self.source]}")
            if self.source == "kaggle" and not _KAGGLE.fullmatch(self.location or ""):
                raise ValueError(f"`location: {self.location}` is no data set of Kaggle: {_LOCATIONS['kaggle']}")
            if self.source == "url" and urlsplit(self.location or "").scheme not in ("http", "https"):
                raise ValueError(f"`location: {self.location}` is no address: {_LOCATIONS['url']}")
            if self.source == "url" and "@" in urlsplit(self.location or "").netloc:
                raise ValueError("`location` has a user or password, which git would keep: put them into ~/.netrc")
            if (self.source == "url") != (self.sha256 is not None):
                raise ValueError("`sha256` goes with `source: url`, which needs it: of the archive, by `sha256sum`")
            if not self.copy and self.source not in ("directory", "imagenet"):
                raise ValueError(
                    f"`copy: false` reads a source where it lies, and `source: {self.source}` has no place"
                )
            return self
