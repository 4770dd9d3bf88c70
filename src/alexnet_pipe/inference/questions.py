"""What a request asks: its body, bounded in bytes and time, and the photographs in it, told by its `Content-Type`."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as FormField
from python_multipart.multipart import File, FormParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from alexnet_pipe.inference.measures import Measures

MOST_BYTES = 64 << 20
"""Of a body."""

_ROOM = 256 << 20
"""Bytes that the bodies of all requests may have together."""

MOST_PHOTOGRAPHS = 64
"""Of a request."""


class Photograph(NamedTuple):
    """As a file has it, and what it is called."""

    name: str
    content: bytes


class BadRequestError(Exception):
    """What is asked cannot be answered, with the HTTP status that says of what kind the reason is."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Bodies:
    """The bodies of all requests, for which there is room for so many bytes and no more."""

    def __init__(self, seconds: float, measures: Measures) -> None:
        """A body may take so many `seconds` to come."""
        self._left = _ROOM
        self._seconds = seconds
        self._measures = measures

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """All of it; its place is taken until the block ends.

        Raises:
            HTTPException: 413 if it is too large, 408 if it does not come, 429 if there is no room for it now.
        """
        size = _told_size(request)
        if size > self._left:
            raise HTTPException(429, "too many bytes of other requests are here: try again", {"Retry-After": "1"})
        self._left -= size
        try:
            with self._measures.reading.track_inprogress():
                body = await _read(request, size, self._seconds)
            yield body
        finally:
            self._left += size


def _told_size(request: Request) -> int:
    """How many bytes the body has; without `Content-Length`, how many it may have."""
    told = request.headers.get("content-length", str(MOST_BYTES))
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "the body is compressed: send it as it is")
    if not told.isdecimal() or len(told) > 18 or int(told) > MOST_BYTES:
        raise _too_large()
    return int(told)


def _too_large() -> HTTPException:
    # Uvicorn drops what still comes. If it closed the connection, a client that still sends would not see the answer.
    return HTTPException(413, f"the body has more than {MOST_BYTES:,} bytes")


async def _read(request: Request, most: int, seconds: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise _too_large()
    except TimeoutError:
        raise HTTPException(408, f"the body has not come in {seconds:g} s", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ends early") from None
    return bytes(body)


def photographs_in(content_type: str, body: bytes, most: int) -> list[Photograph]:
    """The photographs of a request: a multipart form, JSON, or else one file.

    Raises:
        BadRequestError: 400 if they cannot be read, 413 if they are more than `most`, 415 for an HTML form.
    """
    kind, options = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        return _from_form(body, options.get(b"boundary", b""), most)
    if kind == b"application/json":
        return _from_json(body, most)
    if kind == b"application/x-www-form-urlencoded":
        raise BadRequestError("send photographs as multipart/form-data (curl -F), as JSON, or one as it is", 415)
    return [Photograph("0", body)]


def _from_form(body: bytes, boundary: bytes, most: int) -> list[Photograph]:
    found: list[Photograph] = []
    ended: list[bool] = []

    def take(file: File) -> None:
        if len(found) == most:
            raise too_many(most)
        name = (file.file_name or b"").decode("utf-8", "surrogateescape")
        file.file_object.seek(0)
        found.append(Photograph(name or str(len(found)), file.file_object.read()))

    def refuse(field: FormField) -> None:
        name = field.field_name or b""
        raise BadRequestError(f"the field {name.decode('utf-8', 'replace')[:60]!r} is no file: give it a file name")

    try:
        # Bodies are small enough for memory: nothing is written to the disk.
        in_memory = {"MAX_MEMORY_FILE_SIZE": MOST_BYTES, "UPLOAD_ERROR_ON_BAD_CTE": True}
        form = FormParser(
            "multipart/form-data", refuse, take, lambda: ended.append(True), boundary=boundary, config=in_memory
        )
        form.write(body)
        form.finalize()
    except (FormParserError, AssertionError, binascii.Error) as error:
        raise BadRequestError(f"the form cannot be read: {' '.join(str(error).split())[:200]}") from None
    if not ended:
        raise BadRequestError("the form ends early: its last boundary is missing")
    return _some(found)


class _Encoded(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    base64: str
    name: Annotated[str, Field(max_length=1000)] = ""


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    photographs: list[_Encoded | str]


def _from_json(body: bytes, most: int) -> list[Photograph]:
    question = parsed(_Question, body, values=8 * most + 64)
    if len(question.photographs) > most:
        raise too_many(most)
    items = [_Encoded(base64=each) if isinstance(each, str) else each for each in question.photographs]
    return _some([Photograph(item.name or str(n), decoded(item.base64, n)) for n, item in enumerate(items)])


_Kind = TypeVar("_Kind", bound=BaseModel)


def parsed(kind: type[_Kind], body: bytes, values: int) -> _Kind:
    """The JSON in `body`, which may have about so many `values`: an empty list takes thirty times its two bytes.

    Raises:
        BadRequestError: 400 if it is something else, 413 if it has more.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > values:
        raise BadRequestError(f"the JSON has more than {values:,} values", 413)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))[:100]
        raise BadRequestError(
            f"the JSON is not as it should be: {f'{place}: ' if place else ''}{first['msg'][:200]}"
        ) from None


def decoded(text: str, number: int) -> bytes:
    """What the base64 of photograph `number` stands for.

    Raises:
        BadRequestError: if it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadRequestError(f"photograph {number} is no base64") from None


def too_many(most: int) -> BadRequestError:
    """The error of a request with more photographs than `most`."""
    return BadRequestError(f"a request has at most {most} photographs", 413)


def _some(found: list[Photograph]) -> list[Photograph]:
    if not found:
        raise BadRequestError("there is no photograph in the request")
    return found
