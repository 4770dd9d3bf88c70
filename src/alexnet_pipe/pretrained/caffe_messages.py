"""Caffe's `NetParameter`, the message that a `.caffemodel` is (`src/caffe/proto/caffe.proto`), and its fields counted.

Only the fields that matter here are declared; protobuf skips all others. A file is looked at in protobuf's wire format
before a message is built: what kind it is, and how much there is in it.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorProto  # type: ignore[import-untyped]
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

from alexnet_pipe.base.errors import UserError

_PACKAGE = "caffe"


class _Field(NamedTuple):
    """A field of a message: its number, its type or message, whether there may be several, and its default."""

    number: int
    kind: str
    repeated: bool = False
    default: str = ""


_MESSAGES = {
    "BlobShape": {"dim": _Field(1, "int64", repeated=True)},
    "BlobProto": {
        "num": _Field(1, "int64"),
        "channels": _Field(2, "int64"),
        "height": _Field(3, "int64"),
        "width": _Field(4, "int64"),
        # Packed numbers lie in the file as plain bytes; read as such, millions of them cost nothing.
        "data": _Field(5, "bytes", repeated=True),
        "shape": _Field(7, "BlobShape"),
        "double_data": _Field(8, "bytes", repeated=True),
    },
    "ConvolutionParameter": {
        "pad": _Field(3, "uint32", repeated=True),
        "group": _Field(5, "uint32", default="1"),
        "stride": _Field(6, "uint32", repeated=True),
    },
    "PoolingParameter": {
        "pool": _Field(1, "int32"),
        "kernel_size": _Field(2, "uint32"),
        "stride": _Field(3, "uint32", default="1"),
    },
    "LRNParameter": {
        "local_size": _Field(1, "uint32", default="5"),
        "alpha": _Field(2, "float", default="1"),
        "beta": _Field(3, "float", default="0.75"),
        "norm_region": _Field(4, "int32"),
        "k": _Field(5, "float", default="1"),
    },
    "LayerParameter": {
        "name": _Field(1, "string"),
        "type": _Field(2, "string"),
        "blobs": _Field(7, "BlobProto", repeated=True),
        "convolution_param": _Field(106, "ConvolutionParameter"),
        "lrn_param": _Field(118, "LRNParameter"),
        "pooling_param": _Field(121, "PoolingParameter"),
    },
    # The form until the end of 2014, with a number for the type.
    "V1LayerParameter": {
        "name": _Field(4, "string"),
        "type": _Field(5, "int32"),
        "blobs": _Field(6, "BlobProto", repeated=True),
        "convolution_param": _Field(10, "ConvolutionParameter"),
        "lrn_param": _Field(18, "LRNParameter"),
        "pooling_param": _Field(19, "PoolingParameter"),
    },
    "NetParameter": {
        "name": _Field(1, "string"),
        "layers": _Field(2, "V1LayerParameter", repeated=True),
        "layer": _Field(100, "LayerParameter", repeated=True),
    },
}


@cache
def net_parameter() -> Any:
    """The class of the message `NetParameter`."""
    messages = [
        {"name": name, "field": [_descriptor(*field) for field in fields.items()]} for name, fields in _MESSAGES.items()
    ]
    file = FileDescriptorProto(name="caffe.proto", package=_PACKAGE, syntax="proto2", message_type=messages)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def _descriptor(name: str, field: _Field) -> dict[str, Any]:
    nested = field.kind in _MESSAGES
    return {
        "name": name,
        "number": field.number,
        "label": "LABEL_REPEATED" if field.repeated else "LABEL_OPTIONAL",
        "type": "TYPE_MESSAGE" if nested else f"TYPE_{field.kind.upper()}",
        "type_name": f".{_PACKAGE}.{field.kind}" if nested else None,
        "default_value": field.default or None,
    }


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
    waiting = [(_MESSAGES["NetParameter"], 0, len(content))]
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
            if found.wire == _BYTES and kind in _MESSAGES:
                waiting.append((_MESSAGES[kind], found.start, found.end))


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
    return kind not in _MESSAGES and kind not in ("bytes", "string")


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
