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


class Postgresql:
    """A database server on `folder`; `address` is postgresql+asyncpg://…"""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        self._as_user = _as_user(folder)
        data, port = folder / "data", free_port()
        initdb = [_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        _checked(initdb, self._log, **self._as_user)
        self._command = [_program("postgres"), "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off"]
        self.address = f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"
        self.start()

    def start(self) -> None:
        """Start it, at first or again; it answers then."""
        with self._log.open("w") as output:
            self._server = subprocess.Popen(self._command, stdout=output, stderr=output, **self._as_user)
        until(lambda: "ready to accept" in self._log.read_text() or self._has_ended(), self._log.read_text)
        if self._has_ended():
            raise NoPostgresError(f"postgres ended: {self._log.read_text()}")

    def _has_ended(self) -> bool:
        return self._server.poll() is not None

    def stop(self) -> None:
        """Stop it at once; what was committed is kept."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """
    Raises:
        NoPostgresError: if it cannot be started here.
    """
    folder = Path(tempfile.mkdtemp(prefix="alexnet-pipe-postgresql-"))
    try:
        server = Postgresql(folder)
        try:
            yield server
        finally:
            server.stop()
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
