"""Where this project's Prefect server is, for those who come later; false as soon as the server is gone."""

import fcntl
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.terminal import without_secrets

PATIENCE = 10.0
"""Seconds that a busy server may take to say that it is well; one that is gone refuses at once."""


@contextmanager
def only_server(root: Path) -> Iterator[None]:
    """Be the only server of the project `root` until the block ends; its address is forgotten then.

    Raises:
        UserError: if there is a server already, or a run whose temporary server has the database.
    """
    path = _file(root)
    known = f" at {load_json(path)['api']}" if path.exists() else ""
    with only_one(_lock(root), f"this project has a server already{known}: use that one, or stop it first"):
        path.unlink(missing_ok=True)
        try:
            with only_database_user(root):
                yield
        finally:
            path.unlink(missing_ok=True)


def only_database_user(root: Path) -> AbstractContextManager[None]:
    """Have Prefect's database of the project `root` for one server, the project's or a run's own.

    Raises:
        UserError: if another has it.
    """
    return only_one(
        root / ".prefect/database.lock", "a run is going on here with a server of its own: wait for it, or cancel it"
    )


def has_server(root: Path) -> bool:
    """Whether the project's server is there; it may not answer yet, or not at this moment."""
    return _is_held(root)


def publish_address(root: Path, address: Mapping[str, str | int]) -> None:
    """Tell others the server's `api`, `reports` and `pid`; inside `only_server` alone."""
    save_json(_file(root), address)


def running_server(root: Path) -> dict[str, str] | None:
    """`api` and `reports`: the addresses of this project's server, if it answers now."""
    # A file alone proves nothing: its server may be dead, and a stranger may have the port.
    if not _is_held(root):
        return None
    try:
        address = load_json(_file(root))
    except (OSError, UserError):
        return None
    return address if answers(address["api"]) else None


def answers(api: str) -> bool:
    """Whether a Prefect server answers at `api`, as http://127.0.0.1:4200/api."""
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=PATIENCE) as answer:
            return answer.status == 200
    except (OSError, ValueError, http.client.HTTPException):
        return False


def require_named_server(api: str) -> None:
    """Fail in one line where nothing is at the address that PREFECT_API_URL gives; what it answers does not matter.

    Raises:
        UserError: that names PREFECT_API_URL.
    """
    try:
        urllib.request.urlopen(f"{api}/health", timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError, http.client.HTTPException):
        raise UserError(
            f"no Prefect server answers at {without_secrets(api)}, as PREFECT_API_URL says: start it, or unset that"
        ) from None


@contextmanager
def only_one(lock: Path, taken: str) -> Iterator[None]:
    """Hold the file `lock` until the block ends or the process dies.

    Raises:
        UserError: that says `taken`, if another process holds it.
    """
    lock.parent.mkdir(mode=0o700, exist_ok=True)
    with lock.open("a") as file:
        if not _locks(file, fcntl.LOCK_EX):
            raise UserError(taken)
        yield


def _file(root: Path) -> Path:
    return root / ".prefect/server.json"


def _lock(root: Path) -> Path:
    return root / ".prefect/server.lock"


def _is_held(root: Path) -> bool:
    try:
        with _lock(root).open("a") as lock:
            return not _locks(lock, fcntl.LOCK_SH)
    except OSError:
        return False


def _locks(file: IO[str], kind: int) -> bool:
    # One who only asks holds the lock for a moment.
    for _ in range(5):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False
