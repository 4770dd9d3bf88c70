"""How a photograph of any size becomes a square: in section `resize`, and in every model's file."""

from typing import Annotated, Literal

from PIL import ImageColor
from pydantic import AfterValidator

from alexnet_pipe.params.section import Section


def _named_colour(value: str) -> str:
    ImageColor.getrgb(value)
    return value


class Framing(Section):
    """
    Attributes:
        policy: `crop` scales the short side to 256 and cuts the centre out (the paper); `squash` ignores the aspect.
        background: What shows through transparent pixels: a colour name or `#rrggbb`.
    """

    policy: Literal["crop", "squash"] = "crop"
    background: Annotated[str, AfterValidator(_named_colour)] = "white"
