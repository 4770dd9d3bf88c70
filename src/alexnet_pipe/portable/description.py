"""What a model's file says of the classifier in it: read as data, each field by its type and range."""

import json
from collections.abc import Set
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, InstanceOf, ValidationError

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.params.model import ModelParams
from alexnet_pipe.params.section import Framing, Section, Sha256
from alexnet_pipe.portable.training_summary import Summary

LARGEST = 2**23
"""Bytes: a hundred thousand classes with long names."""

LATER = frozenset({"input_scale", "temperature", "temperature_ten_view", "summary"})
"""Fields that files from before them lack; their defaults are what was so then."""

TEMPERATURES = (0.2, 20.0)
"""The least and the greatest: with these, no probability of a float32 becomes 0."""

_REGISTERED = "alexnet_pipe>Classifier"

Temperature = Annotated[float, Field(ge=TEMPERATURES[0], le=TEMPERATURES[1])]


class Answers(Section):
    """What the answers of a network mean, and what it is asked.

    Attributes:
        classes: The class names, in label order.
        resize: How the photographs were made 256×256; no bound on photographs is among it.
        temperature: What the logarithms of the centre view's probabilities are divided by (`inputs.views.tempered`).
        temperature_ten_view: What those of the mean of ten views are divided by.
        summary: What the photographs of the training were like; None of models from before, and of imported ones.
    """

    # A folder's name need not be UTF-8, and pydantic's own text must. Each error takes 600 bytes: one will do.
    classes: Annotated[list[InstanceOf[str]], Field(min_length=1, fail_fast=True)]
    resize: Framing
    temperature: Temperature = 1.0
    temperature_ten_view: Temperature = 1.0
    summary: Summary | None = None


class Description(ModelParams, Answers):
    """The arguments of a `Classifier`, all of which its file must name but for those in `LATER`.

    Attributes:
        seed: Decided the first weights.
        name: Keras' name of the model.
    """

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    name: Annotated[str, Field(pattern=r"^\w[\w.-]{0,99}$")]

    def arguments(self) -> dict[str, Any]:
        """What `Classifier` takes."""
        return self.model_dump()


def read_description(content: bytes) -> Description:
    """The fields in the bytes of a `.keras` file's `config.json`.

    Raises:
        UserError: if it is another model's, or has a field too many, too few, or of a wrong type or range.
        ValueError: if it is no JSON.
        RecursionError: if it is nested too deeply.
    """
    held = json.loads(content)
    registered = held.get("registered_name") if isinstance(held, dict) else None
    if registered != _REGISTERED:
        other = held.get("class_name") if isinstance(held, dict) else None
        raise UserError(
            f"holds {f'a {printable(other)[:40]}' if isinstance(other, str) else 'something'} that this project has "
            "not made: nothing in it was run; only what `train` and `import-weights` write can be loaded"
        )
    return checked(Description, held.get("config"))


class Notes(Answers):
    """What travels with an exported network, in any format.

    Attributes:
        variant: A name in `params.model.VARIANTS`.
        weights_digest: SHA-256 of the weights, as `portable.stored_model.weights_digest`.
    """

    variant: str
    weights_digest: Sha256


Kind = TypeVar("Kind", bound=Answers)


def checked(kind: type[Kind], fields: Any) -> Kind:
    """`fields` as a `Description`, or as `Notes` alone.

    Raises:
        UserError: if there is a field too many, too few, or of a wrong type or range.
    """
    try:
        description = kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = printable(".".join(map(str, first["loc"])))[:80]
        raise UserError(f"is not a model of this project, or is damaged: {place}: {first['msg'][:120]}") from None
    if missing := [*_left_out(description, LATER), *_left_out(description.resize)]:
        raise UserError(f"is not a model of this project, or is damaged: it does not say {', '.join(missing)}")
    if len(set(description.classes)) < len(description.classes):
        raise UserError("is not a model of this project, or is damaged: two of its classes have one name")
    if description.summary and len(description.summary.guesses) != len(description.classes):
        raise UserError("is not a model of this project, or is damaged: its summary is of other classes")
    return description


def _left_out(section: BaseModel, but_for: Set[str] = frozenset()) -> list[str]:
    return sorted(set(type(section).model_fields) - section.model_fields_set - but_for)
