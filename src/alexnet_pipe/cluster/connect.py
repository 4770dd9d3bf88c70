"""The workers: a process for each core of this machine, or those of a scheduler that is running already."""

import logging
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import code_digest

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

SCHEDULER = "ALEXNET_PIPE_DASK"
"""The environment variable with the address of a scheduler, as tcp://HOST:8786."""

WORKER_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), 1),
    # Dask has workers give all memory back at once; then every temporary array costs the pages that it lies on again.
    "MALLOC_MMAP_THRESHOLD_": 1 << 22,
    "MALLOC_TRIM_THRESHOLD_": 1 << 25,
}
"""One thread for libraries, because the other cores have workers of their own; and bytes of glibc's allocator."""

PATIENCE = 30
"""Seconds to wait for a scheduler, and for its first worker."""


@contextmanager
def connected(shared: Path) -> "Iterator[Client]":
    """A client of the scheduler that `ALEXNET_PIPE_DASK` names, or of a local cluster.

    Args:
        shared: A folder that all workers must see; remote ones are asked.

    Raises:
        UserError: if the scheduler cannot be reached, has no workers, or has workers that do not see the folder or run
            another version of this project.
    """
    if address := os.environ.get(SCHEDULER):
        with _remote(address) as client:
            _check_workers(client, shared)
            yield client
    else:
        from dask.system import CPU_COUNT
        from distributed import Client

        with local_cluster(CPU_COUNT) as cluster, Client(cluster) as client:
            yield client


@contextmanager
def local_cluster(workers: int) -> "Iterator[LocalCluster]":
    """Workers on this machine, each a process with one thread; a worker that dies is replaced."""
    import dask  # A second of processor time, which a stage of one shard need not spend.
    from distributed import LocalCluster

    settings = {
        "distributed.admin.tick.limit": "1h",
        "distributed.nanny.pre-spawn-environ": WORKER_ENVIRONMENT,
        "distributed.worker.preload": ["alexnet_pipe.cluster.connect"],
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # A worker's memory is a photograph and some code: no nanny need watch it.
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            host="127.0.0.1",
        ) as cluster,
    ):
        try:
            yield cluster
        except UserError:  # As of workers that have died: one that is just started anew could not be closed.
            with suppress(TimeoutError):
                cluster.wait_for_workers(workers, PATIENCE)
            raise


@contextmanager
def _remote(address: str) -> "Iterator[Client]":
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(f"{SCHEDULER}={address}: no scheduler answers there ({type(error).__name__})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise UserError(
                f"{SCHEDULER}={address}: the scheduler has no workers: start some with `dask worker`"
            ) from None
        yield client


def _check_workers(client: "Client", shared: Path) -> None:
    token = shared / f".seen-{uuid.uuid4().hex}"
    token.touch()
    try:
        answers = client.run(_sees, str(token), on_error="return")
    finally:
        token.unlink()
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            raise UserError(f"worker {worker} cannot run alexnet-pipe ({answer}): install it there, as it is here")
        seen, digest = answer
        if not seen:
            raise UserError(f"worker {worker} does not see {shared}: all workers must share this folder at this path")
        if digest != code_digest():
            raise UserError(f"worker {worker} runs another version of alexnet-pipe: install the same one there")


def _sees(path: str) -> tuple[bool, str]:
    return Path(path).exists(), code_digest()


def dask_setup(_: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that started the workers and ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
