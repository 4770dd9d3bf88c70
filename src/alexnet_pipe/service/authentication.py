"""Who may give orders to this project's Prefect server: whoever can read the password that this user alone can read."""

import base64
import errno
import fcntl
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.service.address import PATIENCE, running_server

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
