"""Ctrl-C and SIGTERM while training: finish the step, keep a checkpoint, end."""

import signal
from types import FrameType, TracebackType
from typing import Any

from alexnet_pipe.base.errors import StoppedError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Inside its `with` block the signals are noted; `check` acts on them."""

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopRequest":
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `StoppedError` if a signal has come."""
        if self._signal is not None:
            raise StoppedError(self._signal)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
