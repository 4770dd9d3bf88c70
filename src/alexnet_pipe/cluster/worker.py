"""What each worker on this machine does when it starts."""

import signal


def dask_setup(_: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that started the workers and ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
