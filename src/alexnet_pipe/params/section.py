"""What all sections of the configuration share."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def _hexadecimal(digest: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError("expected 64 lower-case hexadecimal digits")
    return digest


Sha256 = Annotated[str, AfterValidator(_hexadecimal)]


class Section(BaseModel):
    """Frozen, strictly typed, and closed: an unknown key is an error, never ignored, and so is no finite number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
