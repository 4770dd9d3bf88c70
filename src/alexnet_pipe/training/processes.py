"""Several processes that train one network together, each with its own devices, on one machine or on many.

JAX's runtime connects them. All take the same steps, on batches of which each makes its part; number 0 alone writes.
"""

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import StoppedError, UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.signals import STOPPING, given_signals, unwind_on_signals
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.rank import Rank, rank_of

TO_MEET, TO_NOTICE, TO_PART = 300, 30, 10
"""Seconds for all to come, until one that says nothing is taken for dead, and for all to leave."""

Kept = tuple[dict[str, NDArray[Any]], dict[str, Any]]
"""Tensors and state of a checkpoint."""


class Processes:
    """What those that train together tell each other; each calls the same in the same order.

    Attributes:
        number: Of this one.
        count: Of all.
    """

    def __init__(self, rank: Rank | None = None) -> None:
        """Meet the others, if there are any; before JAX computes anything.

        Raises:
            UserError: if they do not come.
        """
        self.number, self.count = (rank.number, rank.count) if rank else (0, 1)
        self._check: Callable[[], None] = lambda: None
        self._heard = 0
        if rank is not None:
            _meet(rank)

    @property
    def is_first(self) -> bool:
        """Whether this one writes."""
        return self.number == 0

    def gathered(self, values: NDArray[Any]) -> NDArray[Any]:
        """The `values` of all, in the order of their numbers, `(count, *shape)`, with every bit."""
        if self.count == 1:
            return values[None]
        from jax.experimental.multihost_utils import process_allgather

        # As bytes: JAX has no numbers of 64 bits.
        gathered = np.asarray(process_allgather(np.frombuffer(values.tobytes(), np.uint8)))
        return gathered.view(values.dtype).reshape(self.count, *values.shape)

    def require_same(self, fingerprint: str) -> None:
        """
        Raises:
            UserError: in all of them, if one has another.
        """
        names = self.gathered(np.frombuffer(fingerprint.encode(), np.uint8))
        if others := [number for number, name in enumerate(names) if (name != names[0]).any()]:
            raise UserError(
                f"process {others[0]} of {self.count} has other parameters, images, code or libraries than process 0: "
                "give all the same commit, the same data and the same environment"
            )

    def as_first(self, kept: Kept | None) -> Kept | None:
        """The checkpoint of number 0, which has `kept`, with every bit."""
        if self.count == 1:
            return kept
        described = [[name, str(each.dtype), each.shape] for name, each in kept[0].items()] if kept else None
        told = self._of_first(json.dumps([described, kept and kept[1]]).encode())
        described, state = json.loads(told)
        if described is None:
            return None
        tensors = {}
        for name, dtype, shape in described:
            data = kept[0][name].tobytes() if kept and self.is_first else None
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            tensors[name] = np.frombuffer(self._of_first(data, size), dtype).reshape(shape).copy()
        return tensors, state

    def _of_first(self, data: bytes | None, size: int | None = None) -> bytes:
        from jax.experimental.multihost_utils import broadcast_one_to_all

        if size is None:
            size = int(self.gathered(np.array(len(data or b"")))[0])
        values = np.frombuffer(data, np.uint8) if self.is_first and data else np.zeros(size, np.uint8)
        return np.asarray(broadcast_one_to_all(values)).tobytes()

    def agreed(self, check_stop: Callable[[], None]) -> Callable[[], None]:
        """What raises `StoppedError` after the same step in all, when `check_stop` has raised it in one of them.

        For that, what `stop_signal` gives goes with a step, and what has come from all of them to `hear`.
        """
        if self.count == 1:
            return check_stop
        self._check = check_stop
        return self._stop_if_heard

    def stop_signal(self) -> int:
        """The number of the signal that has come to this one, or 0."""
        try:
            self._check()
        except StoppedError as stopped:
            return stopped.number
        return 0

    def hear(self, number: int) -> None:
        """Note what the signal is that has come to one of them, or 0."""
        self._heard = self._heard or number

    def _stop_if_heard(self) -> None:
        if self._heard:
            raise StoppedError(self._heard)


def _meet(rank: Rank) -> None:
    import jax

    # Its warning is of `no_proxy` too, which keeps it from a proxy.
    jax.config.update("jax_check_proxy_envs", False)  # type: ignore[no-untyped-call]
    known: dict[str, Any] = {"coordinator_address": rank.coordinator} if rank.coordinator else {}
    if rank.coordinator:
        known |= {"num_processes": rank.count, "process_id": rank.number}
    known |= {"initialization_timeout": TO_MEET, "shutdown_timeout_seconds": TO_PART}
    try:
        jax.distributed.initialize(**known, heartbeat_timeout_seconds=TO_NOTICE)
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"the {rank.count} processes have not met at {rank.coordinator or 'the first node'} in {TO_MEET} s: are "
            f"all started, and does nothing stand between them? ({' '.join(str(error).split())[:200]})"
        ) from None


def train_together(train: TrainParams, work: Callable[[Processes], None]) -> None:
    """Do `work`, alone or with the others that there are.

    Of several, each does it in a child: JAX ends that in words of its own when another of them dies.

    Raises:
        StoppedError: if a signal has come to one of them.
        UserError: as `rank_of`; what `work` raises; and if another has died.
    """
    rank = rank_of(train)
    if rank is None:
        work(Processes())
    else:
        _in_child(rank, work)


def _in_child(rank: Rank, work: Callable[[Processes], None]) -> None:
    context = multiprocessing.get_context("spawn")
    heard, told = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(told, rank, work))
    with _forwarded(child) as come:
        child.start()
        told.close()
        outcome: Any = None
        with suppress(EOFError):
            outcome = heard.recv()
        child.join()
    if isinstance(outcome, BaseException):
        raise outcome
    if isinstance(outcome, int) or (come and child.exitcode):
        raise StoppedError(outcome or come[0])
    if child.exitcode == -signal.SIGKILL:
        raise UserError(f"process {rank.number} of {rank.count} was killed: had the machine memory enough?")
    if child.exitcode:
        raise UserError(
            f"another of the {rank.count} processes has ended, or has not been reached for {TO_NOTICE} s, at first for "
            f"{TO_MEET}: see what it says; what was kept is still there, and the same command in all of them goes on"
        )


@contextmanager
def _forwarded(child: BaseProcess) -> Iterator[list[int]]:
    """Inside the block `child` gets the signals that come, which are noted."""
    come: list[int] = []

    def forward(number: int, _: object) -> None:
        come.append(number)
        if child.pid and child.is_alive():
            os.kill(child.pid, number)

    with given_signals(forward):
        yield come


def _work(told: Connection, rank: Rank, work: Callable[[Processes], None]) -> None:
    # Signals of the terminal come by way of the parent, once; and where JAX waits for the others, Python hears of none.
    os.setsid()
    for number in STOPPING:
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _speak_alone(rank)
    try:
        processes = Processes(rank)
        unwind_on_signals()
        work(processes)
    except StoppedError as stopped:
        told.send(stopped.number)
    except Exception as error:
        if type(error).__name__ == "JaxRuntimeError":  # As when the connection to another is lost.
            os._exit(1)
        told.send(error)
    import jax

    # It waits for the others, which end for the same reason, or are ended by this.
    with suppress(RuntimeError, StoppedError):
        jax.distributed.shutdown()  # type: ignore[no-untyped-call]


def _speak_alone(rank: Rank) -> None:
    """Keep what JAX says in C++ from the terminal; and all but number 0 say only that they take part."""
    if rank.number:
        say(f"train: takes part as process {rank.number} of {rank.count}; number 0 says what comes of it")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sys.stdout, sys.stderr = (
        os.fdopen(nowhere if rank.number and kept == 1 else os.dup(kept), "w", buffering=1, encoding="utf-8")
        for kept in (1, 2)
    )
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
