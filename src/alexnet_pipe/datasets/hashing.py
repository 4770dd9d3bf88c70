"""Read every photograph once, to know its SHA-256."""

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress
from alexnet_pipe.datasets.containers import container_path
from alexnet_pipe.datasets.place import Container, Place

DAMAGED = ""
"""Stands for the SHA-256 of a member that its archive has damaged."""


def hashed(index: pd.DataFrame, source: Path) -> pd.DataFrame:
    """`index` with a column `sha256` (hex), or `DAMAGED`; each container is read from start to end.

    Raises:
        UserError: if a file cannot be read.
    """
    digests = pd.Series(DAMAGED, index.index, dtype="str")
    with progress("download", len(index), "files read") as advance:
        for name, rows in index.groupby("container", sort=True):
            found = _digests(container_path(source, str(name)), rows.sort_values("offset"), advance)
            digests.update(pd.Series(found, dtype="str"))
    return index.assign(sha256=digests)


def _digests(path: Path, rows: pd.DataFrame, advance: Callable[..., None]) -> dict[int, str]:
    digests: dict[int, str] = {}
    with Container(path) as container:
        for index, member, crc, *place in rows[["member", "crc", *Place._fields]].itertuples(name=None):
            digests[index] = _digest(container, member, Place._make(place), None if crc is pd.NA else crc)
            advance()
    return digests


def _digest(container: Container, member: str, place: Place, crc: int | None) -> str:
    digest, found = hashlib.sha256(), 0
    try:
        for chunk in container.chunks(member, place):
            digest.update(chunk)
            found = zlib.crc32(chunk, found) if crc is not None else 0
    except (EOFError, zlib.error):
        return DAMAGED
    except OSError as error:
        raise UserError(f"{member!r} cannot be read ({error.strerror}): mend its permissions or remove it") from None
    return digest.hexdigest() if crc in (None, found) else DAMAGED
