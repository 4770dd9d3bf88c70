"""The main job talks to nothing outside this machine, whatever its libraries would like to report."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import pytest

from tests.pipeline.project import ROOT, make_project
from tests.terminal import run_on_terminal

pytestmark = pytest.mark.slow

STRACE = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-A", "-o"]
LOG = "connections.txt"
ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\),.*?(?:inet_addr\(|AF_INET6, )"([^"]+)"')
RESOLVER = "/run/systemd/resolve/"
DNS = 53


@pytest.fixture(autouse=True)
def _strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace, which watches the connections, is not installed")
    tried = subprocess.run([*STRACE, "/dev/null", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"strace may not watch processes here: {tried.stderr.strip()}")


def watched(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run `command` on a terminal, and note what it and all that it starts, daemons too, connect and send to."""
    return run_on_terminal([*STRACE, str(folder / LOG), *command], folder, environment)


def outside(folder: Path) -> set[str]:
    """What was asked to resolve names, and every address that is not this machine's own."""
    calls = (folder / LOG).read_text(errors="replace").splitlines()
    found = {RESOLVER for call in calls if RESOLVER in call}
    for port, host in (match.groups() for call in calls for match in ADDRESS.finditer(call)):
        address = ip_address(host)
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address
        # A resolver on this machine would ask others.
        if not address.is_loopback or int(port) == DNS:
            found.add(f"{host} port {port}")
    return found


def test_the_whole_pipeline_connects_to_this_machine_only(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    shutil.copytree(ROOT / "flows", tmp_path / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    project.set(train__max_epochs=1)
    # Silence must be the project's own doing.
    theirs = ("PREFECT", "DVC", "DO_NOT_TRACK", "CI")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    environment["PYTHONPATH"] = "src"
    # What Prefect would report at its first start often fails, because its new database is locked.
    for expected in ("Report: report/index.html", "Nothing to do"):
        status, shown = watched([sys.executable, "-m", "alexnet_pipe", "run"], tmp_path, environment)
        assert (status, expected in shown) == (0, True), shown
    assert "127.0.0.1" in (tmp_path / LOG).read_text()
    assert outside(tmp_path) == set()


ATTEMPTS = """
import os, socket
if os.fork():
    os._exit(0)
os.setsid()
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_STREAM, ("192.0.2.1", 443)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("2001:db8::1", 443)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("::ffff:127.0.0.1", 9)),
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 9)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.11", 53)),
):
    with socket.socket(family, kind) as attempt:
        attempt.setblocking(False)
        attempt.connect_ex(address)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unconnected:
    try:
        unconnected.sendto(b"hello", ("192.0.2.2", 8125))
    except OSError:
        pass
"""


def test_the_watch_sees_every_attempt_also_of_a_daemon(tmp_path: Path) -> None:
    watched([sys.executable, "-c", ATTEMPTS], tmp_path, os.environ)
    assert outside(tmp_path) == {
        "192.0.2.1 port 443",
        "2001:db8::1 port 443",
        "127.0.0.11 port 53",
        "192.0.2.2 port 8125",
    }
