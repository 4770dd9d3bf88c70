"""Section `promotion`: when a newly trained model takes the place of the champion."""

from typing import Annotated

from pydantic import Field

from alexnet_pipe.params.section import Section


class PromotionParams(Section):
    """
    Attributes:
        significance: The largest p-value of an exact test, one-sided, at which the new model is promoted: McNemar's
            against the champion, the binomial against guessing.
        max_error: The largest top-1 error, from ten views, of a model that is promoted. If nothing is said, it must be
            lower beyond chance than that of always guessing the most frequent class.
        min_class_recall: The smallest recall of each class, from ten views: a model is refused if one is lower beyond
            chance. If nothing is said, none is asked for.
        max_slice_loss: By how much the error on a class, or on another slice of the test images, may be above the
            champion's: a model is refused if one is by more beyond chance. If nothing is said, it may be any.
        max_start_seconds: The longest that a promoted model's first answer may take, from the start of its process on.
        max_answer_seconds: The longest that an image may take afterwards, ten views.
        max_memory_mib: The most memory that the process may take. Nothing of these three is bounded if nothing is said.
        stage: The stage that the champion has in the model registry.
        signed_by: The public key whose owner must have signed a model that is promoted, a PEM file in the project; if
            nothing is said, a model need not be signed.
        push_git: Push the branch and the model's tags to the branch's git remote as well.
    """

    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    max_error: Annotated[float | None, Field(ge=0, le=1)] = None
    min_class_recall: Annotated[float | None, Field(ge=0, le=1)] = None
    max_slice_loss: Annotated[float | None, Field(ge=0, lt=1)] = None
    max_start_seconds: Annotated[float | None, Field(gt=0)] = None
    max_answer_seconds: Annotated[float | None, Field(gt=0)] = None
    max_memory_mib: Annotated[float | None, Field(gt=0)] = None
    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] = "prod"
    signed_by: Annotated[str | None, Field(min_length=1)] = None
    push_git: bool = False
