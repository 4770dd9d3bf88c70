"""Some of many, in one line."""

from collections.abc import Sequence

_SHOWN = 4


def shortened(parts: Sequence[str], separator: str = ", ") -> str:
    """The first few of `parts`, and how many more there are."""
    more = [f"{len(parts) - _SHOWN} more"] if len(parts) > _SHOWN else []
    return separator.join([*parts[:_SHOWN], *more])
