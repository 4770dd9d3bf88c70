"""Whatever the body of a request is, it is photographs or an error of one line, never an exception of another kind."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet_pipe.inference.open_inference import _asked
from alexnet_pipe.inference.questions import BadRequestError, photographs_in
from tests.hostile.mutations import Mutation, mutations

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="p"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\r\n'
    b'--b\r\nContent-Disposition: form-data; name=q; filename="b"\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n'
    b"--b--\r\n"
)
JSON = json.dumps({"photographs": ["eHg=", {"base64": "eA==", "name": "a"}]}).encode()
BODIES = {"multipart/form-data; boundary=b": FORM, "application/json": JSON}
TENSOR = {"name": "photographs", "datatype": "BYTES", "shape": [2], "data": ["eHg=", "eA=="], "parameters": {}}
INFER: dict[str, Any] = {"id": "1", "inputs": [TENSOR], "outputs": [{"name": "probabilities", "parameters": {}}]}
PACKED = struct.pack("<I", 2) + b"xx" + struct.pack("<I", 1) + b"x"
BINARY = {"name": "photographs", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": len(PACKED)}}
HEAD = json.dumps({"inputs": [BINARY]}).encode()


def check_error(error: BadRequestError) -> None:
    assert error.status in (400, 413, 415)
    assert len(str(error)) < 500
    assert "\n" not in str(error)


def check_form(kind: str, body: bytes) -> None:
    try:
        found = photographs_in(kind, body, 3)
    except BadRequestError as error:
        return check_error(error)
    assert 1 <= len(found) <= 3
    assert all(isinstance(each.content, bytes) for each in found)
    return None


def check_tensors(length: str | None, body: bytes) -> None:
    try:
        question, found = _asked(length, body, 3)
    except BadRequestError as error:
        return check_error(error)
    assert isinstance(question.binary(), bool)
    assert 1 <= len(found) <= 3
    return None


def test_every_original_is_read() -> None:
    for kind, body in BODIES.items():
        assert [len(each.content) for each in photographs_in(kind, body, 2)] == [2, 1]
    assert _asked(str(len(HEAD)), HEAD + PACKED, 2)[1] == [b"xx", b"x"]
    assert _asked(None, json.dumps(INFER).encode(), 2)[1] == [b"xx", b"x"]


@pytest.mark.parametrize("kind", BODIES)
@given(mutation=mutations)
def test_a_mutated_body_is_refused_or_holds_photographs(kind: str, mutation: Mutation) -> None:
    check_form(kind, mutation(BODIES[kind]))


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.binary(max_size=40))
def test_a_body_of_any_kind_that_a_header_can_name(kind: str, body: bytes) -> None:
    for content_type in (kind, f"multipart/form-data; boundary={kind}"):
        check_form(content_type, body)


@given(mutations, st.integers(-3, 3))
def test_mutated_binary_tensors_are_refused_or_hold_photographs(mutation: Mutation, shift: int) -> None:
    check_tensors(str(len(HEAD) + shift), mutation(HEAD + PACKED))


_plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("eA==")
_values = st.recursive(_plain, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each))


@given(st.sampled_from(sorted(TENSOR)), st.sampled_from(["", "parameters", *sorted(INFER)]), _values)
def test_tensors_with_any_value_in_any_place_are_refused_or_hold_photographs(field: str, also: str, value: Any) -> None:
    question = {**INFER, "inputs": [{**TENSOR, field: value}]}
    check_tensors(None, json.dumps(question).encode())
    check_tensors(None, json.dumps({**question, also: value}).encode())
    told = {"parameters": {"binary_data": value, "classification": value, "binary_data_output": value}}
    check_tensors(None, json.dumps({**INFER, **told, "outputs": [{"name": "probabilities", **told}]}).encode())
