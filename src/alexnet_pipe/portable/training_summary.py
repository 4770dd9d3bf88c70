"""What a model's file says of the photographs that it was trained on: enough to tell whether others are like them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from alexnet_pipe.params.section import Section

POINTS = 65
"""Quantiles that stand for a distribution, from the least value to the greatest."""

UNITS = 64
"""Of fc7, evenly spread."""

QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "brightness": "mean grey level",
        "contrast": "deviation of the grey levels",
        "colour": "mean distance of the strongest channel from the weakest",
        "detail": "mean difference of neighbouring grey levels",
        "short_side": "short side of the file, in pixels",
        "fc7_distance": "distance of fc7 from its mean, in deviations",
        "margin": "logarithm of how much more probable the first guess is than the second",
    }
)
"""What is measured of a photograph, and what it is. The last two are the network's, and of validation images here."""

OF_NETWORK = frozenset({"fc7_distance", "margin"})

_Ascending = Annotated[list[float], Field(min_length=POINTS, max_length=POINTS)]
_Units = Annotated[list[float], Field(min_length=1, max_length=UNITS)]
_Share = Annotated[float, Field(ge=0, le=1)]


class Summary(Section):
    """
    Attributes:
        images: Training images that were measured.
        held_out: Validation images that the network was asked of: of those that it has learned it is too sure.
        quantiles: Of each of `QUANTITIES` that could be measured, `POINTS` values, ascending.
        fc7_mean: Of up to `UNITS` units of fc7.
        fc7_deviation: Of the same.
        guesses: Of each class, in label order, the share of the validation images of which it is the first guess.
    """

    images: Annotated[int, Field(ge=1)]
    held_out: Annotated[int, Field(ge=1)]
    quantiles: Annotated[dict[str, _Ascending], Field(max_length=len(QUANTITIES))]
    fc7_mean: _Units
    fc7_deviation: _Units
    guesses: Annotated[list[_Share], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_one(self) -> "Summary":
        if unknown := sorted(self.quantiles.keys() - QUANTITIES.keys()):
            raise ValueError(f"{unknown[0]!r} is no quantity")
        if any(values != sorted(values) for values in self.quantiles.values()):
            raise ValueError("its quantiles do not ascend")
        if len(self.fc7_mean) != len(self.fc7_deviation) or min(self.fc7_deviation) <= 0:
            raise ValueError("fc7 needs a mean and a deviation above 0 of each unit")
        if abs(sum(self.guesses) - 1) > 0.01:
            raise ValueError("the shares of the guesses do not sum to 1")
        return self
