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
        stage: The stage that the champion has in the model registry.
        push_git: Push the branch and the model's tags to the branch's git remote as well.
    """

    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    max_error: Annotated[float | None, Field(ge=0, le=1)] = None
    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] = "prod"
    push_git: bool = False
