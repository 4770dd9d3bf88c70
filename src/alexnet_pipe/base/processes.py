"""End processes, and leave their exit status to those who started them."""

import time
from collections.abc import Collection
from contextlib import suppress

import psutil


def end_processes(processes: Collection[psutil.Process], notice: float) -> None:
    """Tell `processes` to end; those that are alive after `notice` seconds are killed."""
    for end in ("terminate", "kill"):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                getattr(process, end)()
        if not wait_for(processes, notice):
            return


def wait_for(processes: Collection[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that are still alive after `seconds`, or an empty list as soon as none is."""
    deadline = time.monotonic() + seconds
    # psutil's own wait would take a child's exit status from the thread that started it.
    while (alive := [process for process in processes if _is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
