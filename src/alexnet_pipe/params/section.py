"""What sections of the configuration share: strictness, digests, and how a photograph becomes a square."""

import re
from typing import Annotated, Literal

from PIL import ImageColor
from pydantic import AfterValidator, BaseModel, ConfigDict


def _hexadecimal(digest: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("expected 64 lower-case hexadecimal digits")
    return digest


Sha256 = Annotated[str, AfterValidator(_hexadecimal)]


class Section(BaseModel):
    """Frozen, strictly typed, and closed: an unknown key is an error, never ignored, and so is no finite number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _named_colour(value: str) -> str:
    ImageColor.getrgb(value)
    return value


class Framing(Section):
    """How a photograph of any size becomes a square: in section `resize`, and in every model's file.

    Attributes:
        policy: `crop` scales the short side to 256 and cuts the centre out (the paper); `squash` ignores the aspect;
            `torchvision` crops as torchvision does, to its pixel.
        background: What shows through transparent pixels: a colour name or `#rrggbb`.
    """

    policy: Literal["crop", "squash", "torchvision"] = "crop"
    background: Annotated[str, AfterValidator(_named_colour)] = "white"
