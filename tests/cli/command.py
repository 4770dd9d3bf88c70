"""`alexnet-pipe` as a user types it, in the process of the test."""

import sys

import pytest

from alexnet_pipe import cli


def exit_status(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """What a command of these words ends with."""
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)
