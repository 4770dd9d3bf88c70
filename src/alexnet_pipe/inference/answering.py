"""From a request to the answers of one model: read, parsed off the event loop, decoded, computed, within a time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from alexnet_pipe.inference.batching import Answer, Batches, Content, FullError
from alexnet_pipe.inference.likeness import Watch
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.inference.model_source import Served, ServedModel
from alexnet_pipe.inference.questions import MOST_PHOTOGRAPHS, BadRequestError, Bodies
from alexnet_pipe.preparation.formats import RefusedError

SECONDS = 60
"""For a body to come, and for its answer, if nobody says otherwise."""

_Asked = TypeVar("_Asked")


class Answering:
    """
    Attributes:
        measures: What is counted.
        batches: Where photographs wait.
        most: Photographs of a request.
    """

    def __init__(
        self,
        served: ServedModel,
        queue: int,
        measures: Measures,
        seconds: float = SECONDS,
        watch: Watch | None = None,
    ) -> None:
        """A body may take so many `seconds` to come, and its answer as many; half of them in the queue."""
        self.measures = measures
        self.batches = Batches(queue, seconds / 2, measures, watch)
        self._seconds = seconds
        self.most = min(MOST_PHOTOGRAPHS, queue)
        self._served = served
        self._bodies = Bodies(seconds, measures)

    @property
    def ready(self) -> bool:
        """Whether there is a model."""
        return self._served.current is not None

    def model(self) -> Served:
        """
        Raises:
            HTTPException: 503 if there is none yet.
        """
        if not self._served.current:
            raise HTTPException(503, "the model is being opened", {"Retry-After": "1"})
        return self._served.current

    @asynccontextmanager
    async def asked(self, request: Request, parse: Callable[[bytes], _Asked]) -> AsyncIterator[_Asked]:
        """What `parse` makes of the body in a thread; the body's place is taken until the block ends.

        Raises:
            HTTPException: as `Bodies.body`, and with the status of a `BadRequestError`.
        """
        async with self._bodies.body(request) as body:
            try:
                found = await asyncio.to_thread(parse, body)
            except BadRequestError as error:
                raise HTTPException(error.status, str(error)) from None
            yield found

    async def answers(self, request: Request, model: Served, photographs: Sequence[Content]) -> list[Answer]:
        """One answer a photograph, in order; what nobody waits for any more is not computed.

        Raises:
            HTTPException: 429 if too many wait already, 503 if it takes too long, 400 if who asked has gone.
        """
        work = asyncio.create_task(self.batches.answers(model.network, photographs))
        gone = asyncio.create_task(_has_gone(request))
        try:
            await asyncio.wait({work, gone}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                again = {"Retry-After": str(self.batches.seconds)}
                raise HTTPException(*_GONE) if gone.done() else HTTPException(*_LATE, again)
            found = work.result()
        except FullError as error:
            raise HTTPException(429, str(error), {"Retry-After": str(error.seconds)}) from None
        finally:
            work.cancel()
            gone.cancel()
        refused = sum(isinstance(answer, RefusedError) for answer in found)
        self.measures.photographs.labels("refused").inc(refused)
        self.measures.photographs.labels("predicted").inc(len(found) - refused)
        return found


_GONE = (400, "who asked has gone")
_LATE = (503, "there is no answer yet, and its time is over")


async def _has_gone(request: Request) -> None:
    """Wait until the connection is closed; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Json(JSONResponse):
    """JSON of ASCII alone, so that a name that is not UTF-8 stays exact."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
