"""Photographs in a body, however they are sent; what is no photograph, too much or torn is told in a line."""

import base64
import json
from collections.abc import Mapping, Sequence

import pytest

from alexnet_pipe.inference.questions import BadRequestError, Photograph, photographs_in

FORM = "multipart/form-data; boundary=b"


def part(content: bytes, disposition: str = 'name="p"; filename="a.jpg"', more: str = "") -> bytes:
    return f"--b\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


def test_files_of_a_form_keep_order_names_and_bytes() -> None:
    torn = b"\r\n--b\r\n"[:-1] + b"\x00\xff\n"
    body = form(
        part(torn), part(b"", 'name="q"; filename="반지.png"'), part(b"x", 'name="r"; filename=""'), part(b"--b--")
    )
    assert photographs_in(FORM, body, 9) == [
        Photograph("a.jpg", torn),
        Photograph("반지.png", b""),
        Photograph("2", b"x"),
        Photograph("a.jpg", b"--b--"),
    ]


def test_a_large_file_of_a_form_stays_whole() -> None:
    content = bytes(range(256)) * 20_000
    assert photographs_in(FORM, form(part(content)), 1)[0].content == content


def test_json_has_base64_with_names_or_without() -> None:
    text = base64.b64encode(b"\x00photo").decode()
    body = json.dumps({"photographs": [text, {"base64": text, "name": "cat.jpg"}]}).encode()
    found = [Photograph("0", b"\x00photo"), Photograph("cat.jpg", b"\x00photo")]
    assert photographs_in("application/json; charset=utf-8", body, 2) == found


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", ""])
def test_anything_else_is_one_file(kind: str) -> None:
    assert photographs_in(kind, b"--b", 1) == [Photograph("0", b"--b")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (part(b"half a photog"), "the form ends early"),
        (part(b"one") + part(b"two")[:-9], "the form ends early"),
        (part(b"one")[:30], "the form ends early"),
        (b"", "the form ends early"),
        (b"no form at all", "cannot be read"),
        (form(), "there is no photograph"),
        (form(part(b"x", "")), "cannot be read: Field name not found"),
        (form(part(b"x", 'name="top"')), "the field 'top' is no file"),
        (form(part(b"x", more="Content-Transfer-Encoding: zip\r\n")), "cannot be read: Unknown Content-Transfer"),
        (form(part(b"x", more="".join(f"X-{n}: 1\r\n" for n in range(100)))), "cannot be read"),
        (form(part(b"x", more=f"X: {'1' * 100_000}\r\n")), "cannot be read"),
    ],
)
def test_a_form_that_is_none_is_told(body: bytes, reason: str) -> None:
    with pytest.raises(BadRequestError, match=reason) as error:
        photographs_in(FORM, body, 9)
    assert error.value.status == 400
    assert len(str(error.value)) < 300


def test_a_form_without_a_boundary_is_told() -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary="):
        with pytest.raises(BadRequestError, match="the form"):
            photographs_in(kind, form(part(b"x")), 9)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (b"{", "the JSON is not as it should be: Invalid JSON"),
        (b"\xff", "the JSON is not as it should be: Invalid JSON"),
        (b"[" * 100, "the JSON is not as it should be: Invalid JSON"),
        ([], "should be: "),
        ({}, "photographs: Field required"),
        ({"photographs": []}, "there is no photograph"),
        ({"photographs": "eA=="}, "photographs: Input should be a valid array"),
        ({"photographs": [1]}, "photographs.0"),
        ({"photographs": ["e"]}, "photograph 0 is no base64"),
        ({"photographs": ["eA==", "¡"]}, "photograph 1 is no base64"),
        ({"photographs": ["eA=="], "url": "http://127.0.0.1/"}, "url: Extra inputs"),
        ({"photographs": [{"name": "a" * 2000, "base64": ""}]}, "photographs.0"),
    ],
)
def test_json_that_asks_nothing_is_told(question: bytes | Sequence[object] | Mapping[str, object], reason: str) -> None:
    body = question if isinstance(question, bytes) else json.dumps(question).encode()
    with pytest.raises(BadRequestError, match=reason) as error:
        photographs_in("application/json", body, 9)
    assert error.value.status == 400
    assert len(str(error.value)) < 400


def test_more_photographs_than_may_be_are_told_before_they_are_read() -> None:
    several = {"photographs": ["eA=="] * 4}
    many = b'{"photographs": [' + b"[],[],[]," * 10**6 + b"[]]}"
    bodies = {FORM: form(*[part(b"x")] * 4), "application/json": json.dumps(several).encode()}
    for kind, body in [*bodies.items(), ("application/json", many)]:
        with pytest.raises(BadRequestError) as error:
            photographs_in(kind, body, 3)
        assert error.value.status == 413
    assert all(len(photographs_in(kind, body, 4)) == 4 for kind, body in bodies.items())


def test_an_html_form_is_told_what_to_be() -> None:
    with pytest.raises(BadRequestError, match="curl -F") as error:
        photographs_in("application/x-www-form-urlencoded", b"a=b", 3)
    assert error.value.status == 415
