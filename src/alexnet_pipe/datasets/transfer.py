"""Bring one archive over HTTP: a transfer goes on where it stopped, and counts only if its digest is right."""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as StreamError

from alexnet_pipe.base.errors import TransientError, UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.datasets.archive_file import is_zip, obstacle
from alexnet_pipe.datasets.folder import ending_of
from alexnet_pipe.datasets.pack import repack
from alexnet_pipe.datasets.place import CHUNK

TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""

ATTEMPTS = 5
"""How often in a row a transfer may break without a byte that had not come before."""

PAUSE = 1.0
"""Seconds before a transfer goes on; doubled each time in a row."""

LARGEST = 10**12
"""Bytes of an archive; ImageNet has 1.5 × 10¹¹."""

SLOWEST = 10_000
"""Bytes a second below which a transfer is given up, on average and after ten minutes."""

DEADLINE = 3 * 86_400.0
"""Seconds after which a transfer is given up, however fast it is."""

_GRACE = 600.0
_MEGABYTE = 1_000_000
_UNSATISFIABLE = 416
_DIGITS = 20
"""More than a length in bytes has."""

_BROKEN = (requests.ConnectionError, requests.Timeout, StreamError)

Request = Callable[[int], requests.Response]
"""Asks for the archive from a byte on, as a stream; raises what `requests` raises."""


def ask(method: str, address: str, start: int = 0) -> requests.Response:
    """One request for a file from byte `start` on, as it is stored; its content can be streamed."""
    # A server may compress what it sends, or believe that a .tar.gz is a compressed .tar.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        return requests.request(method, address, headers=headers, stream=True, timeout=TIMEOUT, allow_redirects=True)
    except requests.RequestException:
        raise
    except ValueError as error:  # A redirection to what is no address.
        raise requests.exceptions.InvalidURL(str(error)) from None


class PatientAdapter(HTTPAdapter):
    """Gives a session of `requests`, which would wait for ever, the timeouts."""

    def send(self, *request: Any, **settings: Any) -> requests.Response:
        return super().send(*request, **settings | {"timeout": TIMEOUT})


def download(request: Request, partial: Path) -> None:
    """Bring `partial`, which an earlier call may have begun, to its end.

    Raises:
        TransientError: if the transfer breaks again and again, or takes too long; what came stays in `partial`.
        UserError: if the file is larger than `LARGEST` or the disk.
        requests.HTTPError: if the server refuses.
    """
    partial.parent.mkdir(parents=True, exist_ok=True)
    farthest, broken = _size(partial), 0
    limits = _Limits(farthest, time.monotonic())
    while True:
        try:
            _go_on(request, partial, limits)
            return
        except _BROKEN as error:
            came = _size(partial)
            broken = 1 if came > farthest else broken + 1
            farthest = max(came, farthest)
            if not came or broken == ATTEMPTS:
                raise TransientError(_unreachable(error, came)) from None
        say(f"download: the connection broke after {came:,} bytes; going on")
        time.sleep(PAUSE * 2 ** (broken - 1))


def check_digest(partial: Path, algorithm: str, expected: str) -> None:
    """Check the bytes of a finished download against a hexadecimal digest.

    Raises:
        UserError: if they have another; `partial` is removed.
    """
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        partial.unlink()
        raise UserError(
            f"what came has {algorithm.upper()} {found} and should have {expected}: it was damaged on the way or is "
            "another file; run the same command again to download it anew"
        )


def keep_archive(partial: Path, name: str, folder: Path) -> None:
    """Move a finished download, whose published name is `name`, into `folder`; a compressed tar is packed anew.

    Raises:
        UserError: if it is no archive or a damaged one; `partial` is removed.
    """
    arrived = partial.replace(partial.with_name(name))
    stem = name.removesuffix(ending_of(arrived))
    try:
        if obstacle(arrived):
            repack(arrived, folder / f"{stem}.zip")
        else:
            shutil.move(arrived, folder / f"{stem}{'.zip' if is_zip(arrived) else '.tar'}")
    except UserError as error:
        raise UserError(str(error).replace(str(arrived), "the archive")) from None
    finally:
        arrived.unlink(missing_ok=True)


@contextmanager
def explained(where: str, remedies: Mapping[int, str], page: str) -> Iterator[None]:
    """Tell the user in one line what went wrong with a server.

    Args:
        where: What the line begins with.
        remedies: What to do, by HTTP status.
        page: Where a browser finds the archive.
    """
    kind = UserError
    try:
        yield
        return
    except UserError as error:
        problem, kind = str(error), type(error)
    except requests.HTTPError as error:
        status, reason = error.response.status_code, error.response.reason
        problem = f"the server answers {status} {reason}: {remedies.get(status, 'run the same command again later')}"
        kind = UserError if status in remedies else TransientError
    except _BROKEN as error:
        problem, kind = _unreachable(error), TransientError
    except (requests.RequestException, JSONDecodeError) as error:  # As for a circle of redirections.
        problem = f"the server cannot be understood ({_one_line(error)}): run the same command again later"
    raise kind(
        f"{where}: {problem}, or download the archive by hand from {page} and set dataset.source to directory and "
        "dataset.location to its path"
    )


@dataclass(frozen=True)
class _Limits:
    """What a transfer may take that had `before` bytes when it began, at the time `began`."""

    before: int
    began: float

    def check_size(self, size: int, partial: Path) -> None:
        free = _size(partial) + shutil.disk_usage(partial.parent).free
        if size > min(LARGEST, free):
            partial.unlink(missing_ok=True)
            raise UserError(
                f"the server's file has {size:,} bytes or more; there is room for {free:,} on the disk, and the most "
                f"that is taken are {LARGEST:,}"
            )

    def check_time(self, size: int) -> None:
        took = time.monotonic() - self.began
        if took > min(DEADLINE, _GRACE + (size - self.before) / SLOWEST):
            raise TransientError(
                f"the server is too slow: {size - self.before:,} bytes came in {took / 60:,.0f} minutes and are kept; "
                "run the same command again to go on from there"
            )


def _go_on(request: Request, partial: Path, limits: _Limits) -> None:
    start = _size(partial)
    with request(start) as response:
        if start and response.status_code == _UNSATISFIABLE:
            if response.headers.get("Content-Range") != f"bytes */{start}":  # It is not whole, but another file.
                partial.unlink()
                _go_on(request, partial, limits)
            return
        response.raise_for_status()
        # Some servers send the whole file, whatever they are asked for.
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        _append(response, partial, start if resumed else 0, limits)


def _append(response: requests.Response, partial: Path, start: int, limits: _Limits) -> None:
    total, shown = start + _told_length(response), 0
    limits.check_size(total, partial)
    with (
        partial.open("ab" if start else "wb") as out,
        progress("download", total // _MEGABYTE, "MB") as advance,
    ):
        # Not `iter_content`, which decodes, and loses what came of the last chunk when the server falls silent.
        while chunk := response.raw.read1(CHUNK, decode_content=False):
            out.write(chunk)
            limits.check_time(out.tell())
            if (size := out.tell() + _rest_of_chunk(response)) > LARGEST:
                limits.check_size(size, partial)
            if (now := out.tell() // _MEGABYTE) > shown:
                advance(now - shown)
                shown = now


def _told_length(response: requests.Response) -> int:
    told = response.headers.get("Content-Length", "0").strip()
    if not (told.isascii() and told.isdecimal() and len(told) < _DIGITS):
        raise UserError(f"the server says that its file has {told[:_DIGITS]!r} bytes, which is no length")
    return int(told)


def _rest_of_chunk(response: requests.Response) -> int:
    """Bytes that a server without a `Content-Length` has announced; any number of digits can be announced."""
    rest = getattr(response.raw._fp, "chunk_left", None)
    return min(rest, LARGEST) if isinstance(rest, int) else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _unreachable(error: BaseException, came: int = 0) -> str:
    while cause := error.__cause__ or error.__context__:
        error = cause
    reason = getattr(error, "strerror", None) or _one_line(error)
    kept, on = (f"; {came:,} bytes came and are kept", " to go on from there") if came else ("", "")
    return f"the server cannot be reached ({reason}){kept}: check the connection and run the same command again{on}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
