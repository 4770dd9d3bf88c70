"""Section `model`: which AlexNet."""

from typing import Annotated, Literal

from pydantic import Field

from alexnet_pipe.params.section import Section


class ModelParams(Section):
    """
    Attributes:
        variant: Towers, kernels, response normalization, pooling and layer order, fixed together.
        width: Multiplies the number of kernels and hidden units; 1 is the published network.
        initialisation: `paper`: N(0, 0.01), biases 1; `bvlc`: fc N(0, 0.005), biases 0.1; `he`: variance 2 / fan-in.
    """

    variant: Literal[
        "paper", "bvlc", "single-tower", "caffenet", "no-normalization", "non-overlapping-pooling", "one-gpu"
    ] = "paper"
    width: Annotated[float, Field(gt=0, le=4)] = 1.0
    initialisation: Literal["paper", "bvlc", "he"] = "paper"
