"""The workers: a process for each core of this machine, or those of a scheduler that is running already."""

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alexnet_pipe.errors import UserError
from alexnet_pipe.fingerprint import code_digest

if TYPE_CHECKING:
    from distributed import Client

SCHEDULER = "ALEXNET_PIPE_DASK"
"""The environment variable with the address of a scheduler, as tcp://HOST:8786."""

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
    import dask  # A second of processor time, which a stage of one shard need not spend.
    from distributed import Client, LocalCluster

    address = os.environ.get(SCHEDULER)
    with dask.config.set({"distributed.worker.memory.terminate": False, "distributed.admin.tick.limit": "1h"}):
        if address:
            with _remote(address) as client:
                _check_workers(client, shared)
                yield client
        else:
            # A worker's memory is a photograph and some code: nothing that the limits of a nanny are made for.
            with (
                LocalCluster(
                    n_workers=len(os.sched_getaffinity(0)),
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                    host="127.0.0.1",
                ) as cluster,
                Client(cluster) as client,
            ):
                yield client


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
