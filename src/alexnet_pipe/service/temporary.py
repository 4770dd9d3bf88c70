"""A server for one run, where the project has none: for programs of this machine alone, and gone when the run is.

Prefect would import all of its server into the run, only to start it as another process. This one imports it while the
run imports what it needs itself.
"""

import asyncio
import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from typing import IO

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.signals import end_processes
from alexnet_pipe.base.startup import kept_imports
from alexnet_pipe.service.address import API, TEMPORARY

_READY = "ready\n"


def start_temporary_server(lock: IO[str]) -> Callable[[], None]:
    """Have a server start for this process and its Prefect, which is imported after this call, until this process ends.

    Args:
        lock: That of Prefect's database, held: the server holds it on if this process is killed, as long as it lives.

    Returns:
        What waits until the server answers, and raises a `UserError` if it cannot.
    """
    # It listens before there is a server, which takes the socket over: nobody else can get the port in between.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.environ |= {API: f"http://127.0.0.1:{listener.getsockname()[1]}/api", TEMPORARY: "1"}
        server = subprocess.Popen(
            [sys.executable, "-m", __name__, str(listener.fileno())],
            # A pipe that only this process can write to: it breaks when this process dies, however it does.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[listener.fileno(), lock.fileno()],
        )
    # What is registered first is called last: Prefect tells the server to its very end what has happened.
    atexit.register(_end, server)

    def wait() -> None:
        assert server.stdout is not None
        with server.stdout as said:
            if (line := said.readline()) != _READY:
                raise UserError(line.strip() or f"Prefect's server for this run has ended with status {server.wait()}")

    return wait


def _end(server: "subprocess.Popen[str]") -> None:
    if server.poll() is None:
        end_processes([psutil.Process(server.pid)])
    server.communicate()


def _run(descriptor: int) -> None:
    """Be the server at the socket `descriptor` until standard input ends; what is said is for the run."""
    # A terminal tells the run as well, which ends this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_the_run, daemon=True).start()
    from alexnet_pipe.service.server import database_kind, prefect_server, until_started

    async def serve() -> None:
        with closing(socket.socket(fileno=descriptor)) as listener:
            serving = asyncio.create_task(prefect.serve(sockets=[listener]))
            if await until_started(prefect, serving):
                print(_READY, end="", flush=True)
                os.dup2(2, 1)
            await serving

    try:
        with kept_imports():
            asyncio.run(database_kind())
            prefect = prefect_server()
        asyncio.run(serve())
    except UserError as error:
        print(error)


def _die_with_the_run() -> None:
    os.read(0, 1)
    os._exit(1)  # At once, and in mid-import: the next run needs the database.


if __name__ == "__main__":
    _run(int(sys.argv[1]))
