"""Section `dataset`: which photographs, and how they are split."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from alexnet_pipe.params.section import Section

Share = Annotated[float, Field(gt=0, lt=1)]


class DatasetParams(Section):
    """
    Attributes:
        source: `sample` draws the embedded data set; `directory` reads `location`.
        location: A folder, a zip or tar archive, or a text list (`path label` a line).
        validation_share: Share of each class's training images held out, where the source has no validation split.
        test_share: Share of each class's images held out for the test, where the source has no test split.
    """

    source: Literal["sample", "directory"] = "sample"
    location: str | None = None
    validation_share: Share = 0.1
    test_share: Share = 0.2

    @model_validator(mode="after")
    def _location_fits_the_source(self) -> "DatasetParams":
        if self.source == "directory" and not self.location:
            raise ValueError("`source: directory` needs `location`: a folder, an archive or a text list")
        if self.source == "sample" and self.location:
            raise ValueError("`source: sample` takes no `location`; set `source: directory` to read it")
        return self
