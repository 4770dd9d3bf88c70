"""Where this project's Prefect server is, false as soon as it is gone, and who may give it orders.

These are all who can read its password, which this user alone can.
"""

import base64
import errno
import fcntl
import http.client
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.progress import say
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


def only_database_user(root: Path) -> AbstractContextManager[IO[str]]:
    """Have Prefect's database of the project `root` for one server, the project's or a run's own, by the file given.

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
def only_one(lock: Path, taken: str) -> Iterator[IO[str]]:
    """Hold the file `lock` until the block ends or the process dies, and each that has got it from this one.

    Raises:
        UserError: that says `taken`, if another process holds it.
    """
    lock.parent.mkdir(mode=0o700, exist_ok=True)
    with lock.open("a") as file:
        if not _locks(file, fcntl.LOCK_EX):
            raise UserError(taken)
        yield file


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


API = "PREFECT_API_URL"
"""The environment variable with the address of the server that Prefect's clients use."""

TEMPORARY = "PREFECT__SERVER_EPHEMERAL"
"""The environment variable that says, to Prefect too, that the server at `API` ends with this run."""

CLIENT = "PREFECT_API_AUTH_STRING"
"""The environment variable with what Prefect's clients send, USER:PASSWORD."""

SERVER = "PREFECT_SERVER_API_AUTH_STRING"
"""The environment variable with what Prefect's server asks for."""

ORIGINS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"
"""The environment variable with the origins of other pages that may use the server."""

PASSWORD = Path(".prefect/authentication")
"""Where a project keeps it, USER:PASSWORD."""

REFUSED = f"the server refuses the password: set {CLIENT} to what its {SERVER} was when it started, or start it anew"


def authentication(root: Path) -> str:
    """USER:PASSWORD of the project `root`, made at the first call; nobody but this user can read the file.

    Raises:
        UserError: if the file cannot be written, or belongs to another user.
    """
    path = root / PASSWORD
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.parent.chmod(0o700)
        path.touch(0o600)
        path.chmod(0o600)
        with path.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # A server and a run may be the first at the same moment.
            if known := file.read().strip():
                return known
            made = f"admin:{secrets.token_urlsafe(32)}"
            file.write(f"{made}\n")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise UserError(f"{path}: {os.strerror(error.errno or 0)}: let it be yours to write") from None
    return made


def authenticate_server(root: Path, *origins: str) -> None:
    """Have a server of this process, and its clients, take the password of `root`, unless `SERVER` names another.

    Args:
        root: The project.
        origins: Of the pages that may use the server, unless `ORIGINS` names others.
    """
    os.environ[CLIENT] = os.environ[SERVER] = os.environ.get(SERVER) or authentication(root)
    os.environ[ORIGINS] = os.environ.get(ORIGINS) or ",".join(origins or ["http://127.0.0.1"])


def authenticate_client(root: Path, api: str | None) -> None:
    """Have this process send the password of `root` to the project's own server, and to no other.

    Args:
        root: The project.
        api: The server that is used; None for a temporary one.

    Raises:
        UserError: if the server does not take it.
    """
    if api is None:
        authenticate_server(root)
        return
    server = running_server(root)
    own = server is not None and api.rstrip("/").replace("//localhost:", "//127.0.0.1:") == server["api"]
    if own and not os.environ.get(CLIENT):
        os.environ[CLIENT] = os.environ.get(SERVER) or authentication(root)
    if _status(api, None) == _UNAUTHORISED and _status(api, os.environ.get(CLIENT)) == _UNAUTHORISED:
        raise UserError(f"{api}: {REFUSED}")


def warn_of_an_open_server(api: str) -> None:
    """Say so if the project's own server, which an earlier version may have started, asks for no password."""
    if _status(api, None) == _GOOD:
        say(f"the server at {api} takes orders from every program and page: stop it, and start it anew")


_GOOD, _UNAUTHORISED = 200, 401


def _status(api: str, password: str | None) -> int | None:
    request = urllib.request.Request(f"{api}/admin/version")
    if password:
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(password.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
