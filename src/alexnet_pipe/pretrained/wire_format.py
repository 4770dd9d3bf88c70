"""Protobuf's wire format, read without building a message: what kind a file is, and how much there is in it."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.caffe_messages import MESSAGES

_MOST = 100_000
"""Fields in one file. Each takes a hundred bytes of memory and more; GoogLeNet, with 150 layers, has a few thousand."""

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class _Found(NamedTuple):
    number: int
    wire: int
    start: int
    end: int


def check_fields(content: bytes) -> None:
    """See that Caffe's message in `content` has no more fields than a network needs, before memory is taken for them.

    Raises:
        UserError: if it has.
        ValueError: if it is damaged.
    """
    left = _MOST
    waiting = [(MESSAGES["NetParameter"], 0, len(content))]
    while waiting:
        message, start, end = waiting.pop()
        numbered = {field.number: field for field in message.values()}
        for found in _fields(content, start, end):
            kind = numbered[found.number].kind if found.number in numbered else "bytes"
            # Numbers that are packed into bytes are a field each.
            left -= found.end - found.start if found.wire == _BYTES and _is_number(kind) else 1
            if left < 0:
                raise UserError(
                    f"it has more than {_MOST:,} fields, and a network of Caffe does not: it is another file"
                )
            if found.wire == _BYTES and kind in MESSAGES:
                waiting.append((MESSAGES[kind], found.start, found.end))


def other_message(content: bytes) -> str:
    """What else than Caffe's network a protobuf file holds, and what to do, as the end of a sentence.

    Empty if nothing is known of it.
    """
    try:
        found = Counter((each.number, each.wire) for each in islice(_fields(content, 0, len(content)), _MOST))
    except (ValueError, IndexError):
        return ""
    if found[5, _BYTES] and not found[2, _BYTES] and (found[1, _VARINT] or found[7, _BYTES]):
        return "is a mean image of Caffe (.binaryproto), and no weights: give the .caffemodel; its mean comes with it"
    if found[1, _VARINT] and found[7, _BYTES]:
        return (
            "is an ONNX model, a graph rather than layers: import the .caffemodel or the state dict that it came from"
        )
    if found[1, _BYTES] > 1 or (found[1, _VARINT] and found[2, _BYTES]):
        return (
            "is a graph of TensorFlow: it names operations, not layers; import .npy, .caffemodel, .pth or .safetensors"
        )
    return ""


def _is_number(kind: str) -> bool:
    return kind not in MESSAGES and kind not in ("bytes", "string")


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
