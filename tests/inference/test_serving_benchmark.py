"""The load generator notices an answer that is wrong, and counts what is no answer."""

import asyncio
import json
from collections.abc import Sequence

import httpx
import pytest

from benchmarks.serving import Client, Load

EXPECTED = {"a": 0.25, "b": 0.75}


def answers(status: int, classes: Sequence[str] = (), shares: Sequence[float] = (), **headers: str) -> httpx.Response:
    row = {"classes": classes, "probabilities": shares}
    return httpx.Response(status, content=json.dumps({"photographs": [row]}), headers=headers)


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (answers(200, ("b", "a"), (0.750001, 0.249999)), 0),
        (answers(200, ("a", "b"), (0.75, 0.25)), 1),
        (answers(200, ("b",), (0.75,)), 1),
        (answers(200), 1),
        (answers(429, **{"Retry-After": "3"}), 0),
        (answers(429), 1),
        (answers(503), 0),
    ],
)
def test_each_answer_is_checked(answer: httpx.Response, wrong: int) -> None:
    async def ask() -> Load:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer), base_url="http://x") as http:
            load = Load()
            await Client(http, [b"photo"], [EXPECTED]).ask(5, load)
            return load

    load = asyncio.run(ask())
    assert load.statuses == {str(answer.status_code): 1}
    assert load.wrong == wrong


def test_a_service_that_is_gone_is_counted() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone")

    async def ask() -> Load:
        load = Load()
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://x") as http:
            await Client(http, [b"photo"], [EXPECTED]).ask(0, load)
        return load

    assert asyncio.run(ask()).statuses == {"ConnectError": 1}
