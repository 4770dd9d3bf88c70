"""A Python that has imported much already: each of its processes is forked from one that imports it once.

For tests that start stages and DVC many times, and are not about their start. What it runs is the project of the folder
that it is started in, or of PYTHONPATH, as with any Python: of this one the server keeps no module.
"""

import json
import multiprocessing
import os
import runpy
import socket
import socketserver
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from select import select

from alexnet_pipe.base.startup import without_notices
from alexnet_pipe.cli.stage import STAGES

ROOT = Path(__file__).parents[1]
DVC = ("dvc.cli.parser", "dvc.scm", "dvc.fs", "dvc.repo.reproduce", "dvc.repo.fetch", "dvc.repo.push", "dvc_data.index")
ALL_STAGES = tuple(f"alexnet_pipe.stages.{stage}" for stage in STAGES)
PROGRAM = """#!{python} -IS
import json, os, signal, socket, sys

warm = (["-m", "alexnet_pipe"], ["-m", "dvc"], ["-m", "alexnet_pipe.base.startup"])
if sys.argv[1:3] not in warm and not "".join(sys.argv[1:2]).endswith(".py"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
signals = {{signal.SIGINT, signal.SIGTERM, signal.SIGHUP}}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [request], [0, 1, 2])
    process = int(server.recv(32))
    for each in signals:
        signal.signal(each, lambda number, _: os.kill(process, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    status = int(server.recv(32))
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


@contextmanager
def warm_python(folder: Path, modules: Sequence[str]) -> Iterator[Path]:
    """Make `folder/python`, which has imported `modules` and works inside the block; its processes end with it."""
    address = str(folder / "socket")
    command = [sys.executable, "-m", "tests.warm", address, *modules]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True) as server:
        program = folder / "python"
        program.write_text(PROGRAM.format(python=sys.executable, address=address))
        program.chmod(0o755)
        while not Path(address).exists():
            assert server.poll() is None
            time.sleep(0.01)
        try:
            yield program
        finally:
            server.kill()


@contextmanager
def warm(python: Path, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`alexnet-pipe ARGUMENTS` in `folder`, its output and errors in one stream; killed at the end if it still runs."""
    with subprocess.Popen(
        [python, "-m", "alexnet_pipe", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process
        finally:
            process.kill()
            if not process.stdout.closed:
                process.stdout.read()  # Until nothing writes to it any more, the program neither.


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    socket_type = socket.SOCK_SEQPACKET


class _Request(socketserver.BaseRequestHandler):
    """A process of its own, which the program is a child of."""

    def handle(self) -> None:
        content, descriptors, *_ = socket.recv_fds(self.request, 1 << 20, 3)
        process = multiprocessing.get_context("fork").Process(target=_run, args=(*json.loads(content), descriptors))
        process.start()
        for descriptor in descriptors:
            os.close(descriptor)
        self.request.send(str(process.pid).encode())
        ready, _, _ = select([self.request, process.sentinel], [], [])
        if self.request in ready:  # Who asked for it was killed.
            process.kill()
        process.join()
        if self.request not in ready:
            self.request.send(str(process.exitcode).encode())


def _run(arguments: Sequence[str], folder: str, environment: Mapping[str, str], descriptors: Sequence[int]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout, sys.stderr = (open(descriptor, "w", buffering=1, closefd=False) for descriptor in (1, 2))  # noqa: SIM115
    added = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:1] = [folder, *(str(Path(path).absolute()) for path in added)]
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")


def _serve(address: str, modules: Sequence[str]) -> None:
    with without_notices():
        for module in modules:
            import_module(module)
    for name in [name for name in sys.modules if name.split(".")[0] == "alexnet_pipe"]:
        del sys.modules[name]
    with _Server(address, _Request) as server:
        while sys.stdin not in select([server, sys.stdin], [], [])[0]:
            server.handle_request()
            server.service_actions()  # Waits for the processes that have ended.


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
