"""Progress is a bar on a terminal and plain lines in a log."""

import os
import pty
import subprocess
import sys

import pytest

from alexnet_pipe.base import progress as module
from alexnet_pipe.base.progress import progress

CODE = """
from alexnet_pipe.base.progress import progress, say
with progress("resize", 3, "images") as advance:
    for _ in range(3):
        advance()
say("done")
"""


def test_a_log_gets_plain_lines_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 5.0, 12.0, 15.0, 30.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    with progress("resize", 4000, "images") as advance:
        for _ in range(4):
            advance(1000, "going well")
    assert capsys.readouterr().out.splitlines() == [
        "resize: 2,000 of 4,000 images, going well, 0:12 left",
    ]


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    main, terminal = pty.openpty()
    subprocess.run([sys.executable, "-c", CODE], stdout=terminal, env={**os.environ, "TERM": "xterm"}, check=True)
    os.close(terminal)
    shown = os.read(main, 100_000).decode()
    os.close(main)
    assert "resize" in shown
    assert "\x1b[2K" in shown
    assert shown.rstrip().endswith("done")
