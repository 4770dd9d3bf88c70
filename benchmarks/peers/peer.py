"""The bench's side of a peer: start it, ask it for a repetition, hold it while others have their turn, end it."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, Self

ROOT = Path(__file__).parents[2]


class PeerError(Exception):
    """It cannot take part, or not any longer; the text says why, in one line."""


@dataclass(frozen=True)
class Entry:
    """One row of a table.

    Attributes:
        name: What the row is called.
        python: The interpreter of the environment in which the work runs.
        work: `MODULE:FUNCTION`, as `benchmarks.peers.program` takes it.
        options: What the function is given.
        ours: Whether it is this project.
        precision: Ours in float32 is compared with others in float32 alone; ours in bfloat16 with all.
        environment: Variables that the process needs besides.
    """

    name: str
    python: Path
    work: str
    options: Mapping[str, Any] = field(default_factory=dict)
    ours: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Repetition:
    """One turn: by the peer's own clock."""

    seconds: float
    images: int


class Peer:
    """A running peer. It and its children are stopped by a signal except while they have their turn.

    Attributes:
        threads: What it says of threads and processes.
        versions: By package.
    """

    def __init__(self, entry: Entry) -> None:
        """Start it and wait until it is ready.

        Raises:
            PeerError: if it fails before.
        """
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        command = [str(entry.python), "-m", "benchmarks.peers.program", entry.work, json.dumps(dict(entry.options))]
        try:
            # A group of its own in this session: if this process dies, the system ends a group that stands still.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=ROOT,
                env={**os.environ, **entry.environment},
                process_group=0,
            )
        except OSError as error:
            self._log.close()
            raise PeerError(f"{entry.python} cannot be started: {error.strerror}") from None
        try:
            ready = self._answer()
        except BaseException:
            self.end()
            raise
        self.threads: str = ready["threads"]
        self.versions: Mapping[str, str] = ready["versions"]
        self._hold()

    @property
    def group(self) -> int:
        """The process group of it and its children."""
        return self._process.pid

    def repeat(self) -> Repetition:
        """One turn.

        Raises:
            PeerError: if it fails; it must be ended all the same.
        """
        self._signal(signal.SIGCONT)
        stdin: IO[bytes] = self._process.stdin  # type: ignore[assignment]
        try:
            stdin.write(b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise self._death() from None
        answer = self._answer()
        self._hold()
        return Repetition(answer["seconds"], answer["images"])

    def end(self) -> None:
        """Kill it with its children; nothing that it holds is worth a farewell."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            stream.close()  # type: ignore[union-attr]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _hold(self) -> None:
        self._signal(signal.SIGSTOP)
        # Only when it stands still does the system end it if this process dies.
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise self._death()
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise PeerError(answer["failed"])
        return answer

    def _death(self) -> PeerError:
        code = self._process.wait()
        how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
        return PeerError(f"{how}: {last[:300]}")

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):  # It and all its children are gone; the next answer says why.
            os.killpg(self._process.pid, number)
