"""Archives of photographs, read in place; nothing is ever unpacked to the disk."""

import errno
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.folder import checked_name, is_container_name, path_parts
from alexnet_pipe.datasets.place import Place

LARGEST = 1 << 30
"""Bytes of the largest member that is taken for a photograph; archives inside an archive may be larger."""

MOST_SHRUNK = 200
"""A member that unpacks to more than this multiple of its size, and to more than `HARMLESS` bytes, is a bomb."""

HARMLESS = 1 << 24
HARMLESS_TOGETHER = 1 << 28
"""As `HARMLESS`, for all members of an archive that is packed anew."""

_DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    RecursionError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the standard library raises for damaged archives."""

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")


class Member(NamedTuple):
    """A file in an archive: its name as stored, where its bytes lie, and the CRC-32 of its content, if it is known."""

    name: str
    place: Place
    crc: int | None = None


class Archive(ABC):
    """The files of one archive, to be listed once, when the data set is indexed; they are read by their places later.

    Attributes:
        in_place: Whether every member can be read by its place; otherwise the archive has to be packed anew.
    """

    in_place = True

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def check(self) -> None:
        """Refuse damaged archives and hostile members; errors as `datasets.archive_file.open_archive`."""

    @abstractmethod
    def members(self) -> list[Member]:
        """Every file, in the archive's order; of two files of one name the later one."""

    @abstractmethod
    def folders(self) -> list[str]:
        """The names of all folder entries; an archive may have none."""

    @abstractmethod
    def close(self) -> None:
        """Close the archive's file."""

    @abstractmethod
    def _content(self, member: Member) -> Iterator[bytes]:
        """The content of `member`, a piece at a time; errors as its damage raises them."""

    def chunks(self, member: Member) -> Iterator[bytes]:
        """The content of `member`, a piece at a time.

        Raises:
            UserError: if the member is damaged.
        """
        with damaged(f"{self._where}: member {member.name!r}"):
            yield from self._content(member)


def check_name(name: str, where: str) -> None:
    """Refuse a member whose name leads out of the archive; errors as `open_archive`."""
    checked_name(name, where)
    if _ABSOLUTE.match(name) or ".." in path_parts(name):
        raise refusal(where, name, "leads out of the archive", "without absolute paths and `..`")
    if "\0" in name:
        raise refusal(where, name, "has a zero byte in its name", "under another name")


def check_size(name: str, size: int, packed: int, where: str) -> None:
    """Refuse a member of `size` bytes that takes `packed` bytes, if it cannot be a photograph."""
    if size > LARGEST and not is_container_name(name):
        raise refusal(where, name, f"has {size:,} bytes, more than a photograph", "without it")
    if size > max(HARMLESS, MOST_SHRUNK * packed):
        raise refusal(where, name, f"unpacks to {size:,} bytes from {packed:,}", "without it")


def check_total(name: str, total: int, packed: int, where: str) -> None:
    """Refuse the member with which an archive of `packed` bytes has come to unpack to `total`, if that is a bomb."""
    if total > max(HARMLESS_TOGETHER, MOST_SHRUNK * packed):
        raise refusal(where, name, f"and those before it unpack to {total:,} bytes from {packed:,}", "without them")


def refusal(where: str, name: str, what: str, remedy: str) -> UserError:
    """The error that names a hostile member."""
    return UserError(f"{where}: member {name!r} {what}: pack the archive again {remedy}")


@contextmanager
def damaged(what: str) -> Iterator[None]:
    """Turn every error that damaged content causes into a UserError about `what`.

    Errors of the system, such as a full disk, pass through.
    """
    try:
        yield
    except _DAMAGE as error:
        raise _explained(what, error) from None
    except OSError as error:
        # bz2 and gzip report bad content as an OSError without a number; a broken offset is an invalid seek.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _explained(what, error) from None


def _explained(what: str, error: Exception) -> UserError:
    reason = printable(" ".join(str(error).split())) or "it ends too early"
    return UserError(f"{what} is damaged or of an unknown kind ({reason}): fetch or pack it again")
