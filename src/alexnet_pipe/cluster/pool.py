"""Processes of this machine for work of seconds."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def process_pool(tasks: int) -> Iterator[ProcessPoolExecutor]:
    """As many processes as there are processors, but no more than `tasks`; none of them outlives this process.

    What has not begun when the block fails is dropped.
    """
    from dask.system import CPU_COUNT  # What a container may use, if that is less.

    # Forking would copy whatever threads and locks the caller has.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(CPU_COUNT, tasks), mp_context=context, initializer=_begin) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _begin() -> None:
    # Ctrl-C, which a terminal sends to all processes, is left to the one that ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # One that was killed has told nobody, and its workers would wait for work for ever.
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
