"""Photographs of all requests: decoded by threads, computed together as they wait, and never more than may wait.

Nothing waits to fill a batch. While one is computed others come, and these are the next.
"""

import asyncio
import math
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.progress import say
from alexnet_pipe.evaluation.ten_views import one_and_ten, ten_view_softmax
from alexnet_pipe.inference.likeness import Described, Watch
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.formats import RefusedError
from alexnet_pipe.serving.named_files import Prepared, prepared_of

TOGETHER = 16
"""Photographs of a batch at most: they share each reading of the weights, and who comes next waits for all of them."""

_DECODERS = min(4, os.cpu_count() or 1)
"""Threads; a photograph takes a few times more of the network's work than of theirs, and up to 150 MB of memory."""

_LONGEST = 60
"""Seconds after which somebody is told to come again, at most."""

Content = bytes | NDArray[np.uint8]
"""A photograph as a file has it; or prepared, uint8 `(256, 256, 3)`."""

Answer = NDArray[np.floating] | RefusedError
"""The probability of each class, `(classes,)`; or why there are none."""


class FullError(Exception):
    """Too many photographs wait; in about `seconds` there will be room."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many photographs wait already: try again in {seconds} s")
        self.seconds = seconds


class _Waiting(NamedTuple):
    network: Described
    photograph: Prepared
    answer: asyncio.Future[NDArray[np.floating]]


class Batches:
    """
    Attributes:
        queue: Photographs that may wait, from those that are to be decoded to those that are computed.
        longest: Seconds that one may have to wait: a slow machine lets fewer wait, rather than answer too late.
    """

    def __init__(self, queue: int, longest: float, measures: Measures, watch: Watch | None = None) -> None:
        self.queue = queue
        self.longest = longest
        self._measures = measures
        self._watch = watch or Watch(measures)
        self._held = 0
        self._pace = 0.1
        self._ready: deque[_Waiting] = deque()
        self._come = asyncio.Event()
        self._decoders = ThreadPoolExecutor(_DECODERS, "decode")
        self._computer = ThreadPoolExecutor(1, "compute")

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Inside the block `answers` answers."""
        work = asyncio.create_task(self._work())
        try:
            yield
        finally:
            work.cancel()
            for threads in (self._decoders, self._computer):
                threads.shutdown(wait=False, cancel_futures=True)

    async def answers(self, network: Described, photographs: Sequence[Content]) -> list[Answer]:
        """What `network` says, from ten views (paper, section 4.1), of each photograph, in order.

        Raises:
            FullError: if they are more than may wait now; nothing is done then.
            Exception: what the network raises of one of them.
        """
        held = self._held + len(photographs)
        # Whoever finds nobody is let in, so that the pace is measured again.
        if held > self.queue or (self._held and held * self._pace > self.longest):
            raise FullError(self.seconds)
        self._hold(len(photographs))
        tasks = [asyncio.create_task(self._answer(network, photograph)) for photograph in photographs]
        for task in tasks:  # Whatever ends it, also before it has begun.
            task.add_done_callback(lambda _: self._hold(-1))
        return list(await asyncio.gather(*tasks))

    @property
    def seconds(self) -> int:
        """How long what waits now will take, about; at least 1."""
        return min(_LONGEST, math.ceil(max(1.0, self._held * self._pace)))

    def _hold(self, more: int) -> None:
        self._held += more
        self._measures.waiting.set(self._held)

    async def _answer(self, network: Described, photograph: Content) -> Answer:
        loop = asyncio.get_running_loop()
        if isinstance(photograph, bytes):
            params = ResizeParams.model_validate(network.resize)
            try:
                found = await loop.run_in_executor(self._decoders, prepared_of, photograph, params)
            except RefusedError as refusal:
                return refusal
        else:
            found = Prepared(photograph, math.nan)
        waiting = _Waiting(network, found, loop.create_future())
        self._ready.append(waiting)
        self._come.set()
        return await waiting.answer

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while await self._come.wait():
            if not (batch := self._next()):
                self._come.clear()
                continue
            started = time.perf_counter()
            photographs = [waiting.photograph for waiting in batch]
            found = await loop.run_in_executor(self._computer, self._computed, batch[0].network, photographs)
            self._tell(batch, found)
            self._note(len(batch), time.perf_counter() - started)

    def _next(self) -> list[_Waiting]:
        """The first that wait for one network; whoever has given up waits for none."""
        batch: list[_Waiting] = []
        while self._ready and len(batch) < TOGETHER:
            if self._ready[0].answer.done():
                self._ready.popleft()
            elif batch and batch[0].network is not self._ready[0].network:
                break
            else:
                batch.append(self._ready.popleft())
        return batch

    def _tell(self, batch: Sequence[_Waiting], found: Sequence[NDArray[np.floating] | Exception]) -> None:
        for waiting, row in zip(batch, found, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(row, Exception):
                waiting.answer.set_exception(row)
            else:
                waiting.answer.set_result(row)

    def _note(self, photographs: int, seconds: float) -> None:
        self._pace += (seconds / photographs - self._pace) / 8
        self._measures.batch.observe(photographs)
        self._measures.computing.observe(seconds)

    def _computed(self, network: Described, photographs: Sequence[Prepared]) -> list[NDArray[np.floating] | Exception]:
        images = np.stack([photograph.pixels for photograph in photographs])
        try:
            views, features = ten_view_softmax(network, images)
        except Exception as error:
            if len(photographs) == 1:
                return [error]
            # One may be at fault, and the others are of other people.
            return [found for photograph in photographs for found in self._computed(network, [photograph])]
        try:
            self._watch.note(network, images, [each.short_side for each in photographs], views, features)
        except Exception as error:  # What was asked is answered, whatever becomes of the watch.
            say(f"serve-model: drift could not be watched: {type(error).__name__}: {error}")
        return list(one_and_ten(views, network.temperatures)[1])
