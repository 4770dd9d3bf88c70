"""Section `resize`: from a photograph of any size to 256×256 RGB."""

from typing import Annotated, Literal

from pydantic import Field

from alexnet_pipe.params.section import Framing


class ResizeParams(Framing):
    """
    Attributes:
        min_side: Photographs with a shorter side, in pixels, are refused.
        max_pixels: Photographs with more pixels are refused before they are decoded; WebP and AVIF, which take twice
            the memory, with more than half as many, and JPEG 2000 with more than a quarter of them that it cannot skip.
        max_seconds: Of processor time that the decoding of one photograph may take before it is refused.
        max_rejected: Share of refused files above which the stage fails.
        near_duplicates: `keep` lists photographs that look nearly like another one; `drop` leaves out training images
            that look like a validation or test image; `group` puts those that look alike into one split.
        max_conflicts: Share of photographs with the same bytes as one with another label, above which the stage fails.
    """

    min_side: Annotated[int, Field(ge=1, lt=2**31)] = 16
    max_pixels: Annotated[int, Field(ge=1, lt=2**40)] = 50 * 2**20
    max_seconds: Annotated[float, Field(gt=0, lt=2**31)] = 10
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.05
    near_duplicates: Literal["keep", "drop", "group"] = "keep"
    max_conflicts: Annotated[float, Field(ge=0, le=1)] = 0.05
