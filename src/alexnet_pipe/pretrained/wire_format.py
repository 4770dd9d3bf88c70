"""Protobuf's wire format: the fields of a message counted before it is built, and what kind of message it may be."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from alexnet_pipe.base.errors import UserError

_MOST = 100_000
"""Fields in one file. Each takes a hundred bytes of memory and more; GoogLeNet, with 150 layers, has a few thousand."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class _Found(NamedTuple):
    number: int
    wire: int
    start: int
    end: int


def check_fields(content: bytes, descriptor: Any) -> None:
    """See that the message in `content` has no more fields than a network needs, before memory is taken for them.

    Args:
        content: The file.
        descriptor: protobuf's, of the message that it is to be.

    Raises:
        UserError: if it has.
        ValueError: if it is damaged.
    """
    left = _MOST
    waiting = [(descriptor, 0, len(content))]
    while waiting:
        message, start, end = waiting.pop()
        fields = message.fields_by_number
        for found in _fields(content, start, end):
            left -= _count(found, fields.get(found.number))
            if left < 0:
                raise UserError(f"it has more than {_MOST:,} fields, and a network does not: it is another file")
            inner = fields[found.number].message_type if found.number in fields else None
            if found.wire == _BYTES and inner is not None:
                waiting.append((inner, found.start, found.end))


def _count(found: _Found, field: Any) -> int:
    """For how many fields one counts: packed whole numbers, which grow in memory, for one each."""
    if found.wire != _BYTES or field is None or field.message_type is not None:
        return 1
    as_long = (field.TYPE_BYTES, field.TYPE_STRING, field.TYPE_FLOAT, field.TYPE_DOUBLE)
    return 1 if field.type in as_long else found.end - found.start


def is_onnx(content: bytes) -> bool:
    """Whether `content` may be an ONNX model: a number, its version, and a graph as field 7."""
    found = _top_fields(content)
    return bool(found[1, _VARINT] and found[7, _BYTES])


def other_message(content: bytes) -> str:
    """What else than a network a protobuf file holds, and what to do, as the end of a sentence.

    Empty if nothing is known of it.
    """
    found = _top_fields(content)
    if found[5, _BYTES] and not found[2, _BYTES] and (found[1, _VARINT] or found[7, _BYTES]):
        return "is a mean image of Caffe (.binaryproto), and no weights: give the .caffemodel; its mean comes with it"
    if found[1, _BYTES] > 1 or (found[1, _VARINT] and found[2, _BYTES]):
        return (
            "is a graph of TensorFlow: it names operations, not layers; import .npy, .caffemodel, .pth or .safetensors"
        )
    return ""


def _top_fields(content: bytes) -> Counter[tuple[int, int]]:
    """How often each field stands in the outermost message; none if it is no message."""
    try:
        return Counter((each.number, each.wire) for each in islice(_fields(content, 0, len(content)), _MOST))
    except (ValueError, IndexError):
        return Counter()


def _fields(content: bytes, start: int, end: int) -> Iterator[_Found]:
    """Number, kind and place of each field between two places."""
    while start < end:
        tag, start = _varint(content, start)
        wire = tag & 7
        if wire == _VARINT:
            _, stop = _varint(content, start)
        elif wire == _BYTES:
            length, start = _varint(content, start)
            stop = start + length
        elif wire in (_EIGHT, _FOUR):
            stop = start + (8 if wire == _EIGHT else 4)
        else:
            raise ValueError("a kind of field that nobody writes")
        if stop > end:
            raise ValueError("a field that is longer than the file")
        yield _Found(tag >> 3, wire, start, stop)
        start = stop


def _varint(content: bytes, start: int) -> tuple[int, int]:
    value = 0
    for place in range(start, min(start + 10, len(content))):
        value |= (content[place] & 127) << 7 * (place - start)
        if content[place] < 128:
            return value, place + 1
    raise ValueError("a number without an end")
