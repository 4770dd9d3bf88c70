"""What the standard library raises for damaged archives, as one line for the user."""

import errno
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from alexnet_pipe.base.errors import UserError

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
    reason = " ".join(str(error).split()) or "it ends too early"
    return UserError(f"{what} is damaged or of an unknown kind ({reason}): fetch or pack it again")
