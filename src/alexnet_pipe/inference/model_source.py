"""The model that is served: opened and asked once before it answers, and replaced when its name stands for another."""

import asyncio
import ctypes
import json
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.evaluation.ten_views import ten_view_answers
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.paper import SIDE
from alexnet_pipe.portable.network import Network, open_network
from alexnet_pipe.project.revisions import is_registered, open_revision, registered_commit, registered_tags
from alexnet_pipe.serving.drift import NO_SUMMARY
from alexnet_pipe.serving.named_files import model_file

EVERY = 2.0
"""Seconds between two looks at what the name stands for."""

_AGAIN = 30
"""Looks until a model that could not be had is tried once more: a remote may be back."""

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Served:
    """
    Attributes:
        name: As the user calls it.
        commit: Of the project, if a stage or version of the registry was asked for.
        metrics: `metrics/test.json` of the run that has made these weights, if it is at hand.
    """

    name: str
    commit: str | None
    network: Network
    metrics: Mapping[str, Any] | None

    @property
    def version(self) -> str:
        """The first 12 digits of the weights' SHA-256."""
        return self.network.weights_digest[:12]


class ModelSource:
    """What `name` stands for: a file; or a stage of the registry, which moves; or another revision, which does not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tags = ""
        self._commit = ""

    def mark(self) -> str:
        """Something that is another text once the model may be another.

        Raises:
            UserError: if the registry has no such stage or version.
        """
        if is_registered(self.name) and not Path(self.name).is_file():
            return self._registered()
        try:
            about = Path(self.name).stat()
        except OSError:
            return ""
        return f"{about.st_dev} {about.st_ino} {about.st_size} {about.st_mtime_ns}"

    def load(self, mark: str) -> Served:
        """The model, opened and asked once.

        Raises:
            UserError: if it cannot be had, or does not answer.
        """
        commit = mark if mark and mark == self._commit else None
        with model_file(commit or self.name) as file:
            network = open_network(file)
        # What is no finite number is an error there.
        ten_view_answers(network, np.full((1, SIDE, SIDE, 3), 127, np.uint8))
        return Served(self.name, commit, network, _metrics(commit or self.name, network.weights_digest))

    def _registered(self) -> str:
        # Git tells in milliseconds whether there is any news; the registry takes a second to say which.
        if (tags := registered_tags(Path())) != self._tags:
            self._commit = registered_commit(Path(), self.name)
            self._tags = tags
        return self._commit


class ServedModel:
    """The model that answers now, `current`; none until the first is opened."""

    def __init__(self, source: ModelSource, measures: Measures) -> None:
        self.current: Served | None = None
        self._source = source
        self._measures = measures
        self._said = ""

    async def follow(self, ready: Callable[[], None] = lambda: None, every: float = EVERY) -> None:
        """Open the model, say that it is `ready`, then open others as they come, until cancelled.

        One that cannot be had leaves the old one.

        Raises:
            UserError: if the first cannot be had.
        """
        tried = seen = await in_thread(self._source.mark)
        await self._take(await in_thread(self._source.load, tried))
        ready()
        left = _AGAIN
        while True:
            await asyncio.sleep(every)
            try:
                before, seen = seen, await in_thread(self._source.mark)
                left -= 1
                # A file that still grows is let grow.
                if seen != before or (seen == tried and (left > 0 or not self._said)):
                    continue
                tried, left = seen, _AGAIN
                await self._take(await in_thread(self._source.load, seen))
            except Exception as error:
                self._refuse(error)

    async def _take(self, model: Served) -> None:
        if self.current and self.current.version != model.version:
            say(f"{model.name}: weights {model.version} answer now, in place of {self.current.version}")
        if model.network.summary is None and (self.current is None or self.current.network.summary):
            say(f"{model.name} {NO_SUMMARY}: drift is not watched")
        self.current, self._said = model, ""
        self._measures.loads.labels("loaded").inc()
        self._measures.answers_now(model.name, model.network.weights_digest)
        await in_thread(_give_memory_back)

    def _refuse(self, error: Exception) -> None:
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        if reason != self._said:
            say(f"{self._source.name}: the model of before goes on, as the new one cannot be had: {reason}")
            self._measures.loads.labels("refused").inc()
        self._said = reason


def _give_memory_back() -> None:
    """What reading a model took and has let go: glibc would keep some 70 MB of each at full width."""
    with suppress(AttributeError):  # Of another C library.
        ctypes.CDLL(None).malloc_trim(0)


async def in_thread(call: Callable[..., _Found], *arguments: Any) -> _Found:
    """What `call` gives, in a thread that nobody waits for at the end: a remote may take its time."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[_Found] = loop.create_future()

    def tell(result: _Found | None, error: BaseException | None) -> None:
        if found.done():
            return
        if error:
            found.set_exception(error)
        else:
            found.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        try:
            result, error = call(*arguments), None
        except Exception as raised:
            result, error = None, raised
        with suppress(RuntimeError):  # The loop may be closed.
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, daemon=True).start()
    return await found


def _metrics(name: str, digest: str) -> Mapping[str, Any] | None:
    """The test's metrics, if the training that they stand beside has made these weights."""
    files = Artifacts(Path())
    try:
        read = load_json if Path(name).is_file() else _reader(name)
        train, test = read(files.train_metrics), read(files.test_metrics)
    except (UserError, ValueError, OSError):
        return None
    return test if isinstance(train, dict) and train.get("weights_digest") == digest else None


def _reader(revision: str) -> Callable[[Path], Any]:
    with redirect_stdout(sys.stderr), redirect_stderr(sys.stderr):  # As in `model_file`.
        opened = open_revision(Path(), revision)
    return lambda path: json.loads(opened.read(path))
