"""A PostgreSQL of a test's own, where there is one to start."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.service.services import free_port, until


class NoPostgresError(Exception):
    """Why there is none."""


@contextmanager
def postgresql() -> Iterator[str]:
    """Yields its address, as postgresql+asyncpg://…

    Raises:
        NoPostgresError: if it cannot be started here.
    """
    folder = Path(tempfile.mkdtemp(prefix="alexnet-pipe-postgresql-"))
    log = folder / "log"
    try:
        as_user = _as_user(folder)
        data, port = folder / "data", free_port()
        _checked([_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], log, **as_user)
        command = [_program("postgres"), "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off"]
        with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output, **as_user) as server:
            try:
                until(lambda: "ready to accept" in log.read_text() or server.poll() is not None, log.read_text)
                if server.poll() is not None:
                    raise NoPostgresError(f"postgres ended: {log.read_text()}")
                yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
            finally:
                server.send_signal(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder)


def _program(name: str) -> str:
    # Debian keeps them off the path.
    folders = [os.environ["PATH"], *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise NoPostgresError(f"there is no {name} on this machine")
    return found


def _as_user(folder: Path) -> dict[str, str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam("nobody")
    except KeyError:
        raise NoPostgresError("PostgreSQL does not run as root, and there is no user `nobody`") from None
    shutil.chown(folder, "nobody")
    return {"user": "nobody"}


def _checked(command: list[str | Path], log: Path, **as_user: str) -> None:
    with log.open("w") as output:
        if subprocess.run(command, stdout=output, stderr=output, check=False, **as_user).returncode:
            raise NoPostgresError(f"{command[0]}: {log.read_text()}")
