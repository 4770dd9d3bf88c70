"""A server of this machine answers this machine's own pages and programs."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from alexnet_pipe.base.own_pages import OwnPagesOnly


def served(*origins: str, addresses: bool = False) -> TestClient:
    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse("mine")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("mine")
        await socket.close()

    app = Starlette(routes=[Route("/", page), WebSocketRoute("/talk", talk)])
    return TestClient(OwnPagesOnly(app, origins, addresses), base_url="http://127.0.0.1:4200")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:4200"}, 200),
        ({"Host": "localhost:4200"}, 200),
        ({"Host": "LOCALHOST", "Origin": "http://LOCALHOST"}, 200),
        ({"Host": "[::1]:4200"}, 200),
        ({"Origin": "http://foreign.example"}, 403),
        ({"Origin": "http://127.0.0.1.foreign.example:4200"}, 403),
        ({"Origin": "http://127.0.0.1:4201"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Host": "foreign.example"}, 403),
        ({"Host": "foreign.example:4200", "Origin": "http://foreign.example:4200"}, 403),
        ({"Host": "127.0.0.1@foreign.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "127.0.0.1.foreign.example"}, 403),
        ({"Host": "foreign.example@127.0.0.1:4200"}, 403),
        ({"Host": "127.0.0.1:4200/foreign.example"}, 403),
        ({"Host": "127.0.0.1, foreign.example"}, 403),
        ({"Origin": "http://foreign.example@127.0.0.1:4200"}, 403),
    ],
)
def test_only_own_hosts_and_origins_are_answered(headers: dict[str, str], status: int) -> None:
    assert served().get("/", headers=headers).status_code == status


@pytest.mark.parametrize("twice", ["Host", "Origin"])
def test_two_names_of_one_kind_are_no_name(twice: str) -> None:
    value = {"Host": "127.0.0.1:4200", "Origin": "http://127.0.0.1:4200"}[twice]
    for others in (["foreign.example"], [value]):
        headers = [(twice, value), *((twice, other) for other in others)]
        assert served().get("/", headers=headers).status_code == 403
        assert served("*").get("/", headers=headers).status_code == 403


def test_others_are_welcome_once_they_are_named() -> None:
    theirs = {"Origin": "https://prefect.example.org"}
    for headers in (theirs, {"Host": "prefect.example.org", **theirs}):
        assert served("https://prefect.example.org/").get("/", headers=headers).status_code == 200
        assert served("http://localhost:4200").get("/", headers=headers).status_code == 403
        assert served("*").get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("10.1.2.3:80", 200), ("[2001:db8::1]", 200), ("foreign.example", 403), ("10.1.2.3.example", 403)],
)
def test_an_address_is_welcome_where_it_is_said_and_a_name_is_not(host: str, status: int) -> None:
    assert served(addresses=True).get("/", headers={"Host": host}).status_code == status
    assert served().get("/", headers={"Host": host}).status_code == 403
    theirs = {"Host": host, "Origin": "http://foreign.example"}
    assert served(addresses=True).get("/", headers=theirs).status_code == 403


def test_a_foreign_page_opens_no_socket() -> None:
    own = {"Host": "127.0.0.1:4200"}
    with served().websocket_connect("/talk", headers=own) as socket:
        assert socket.receive_text() == "mine"
    foreign = {**own, "Origin": "http://foreign.example"}
    with pytest.raises(WebSocketDisconnect), served().websocket_connect("/talk", headers=foreign):
        pass
