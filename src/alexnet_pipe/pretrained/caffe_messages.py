"""Caffe's `NetParameter`, the message that a `.caffemodel` is (`src/caffe/proto/caffe.proto`).

Only the fields that matter here are declared; protobuf skips all others.
"""

from functools import cache
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorProto  # type: ignore[import-untyped]
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

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
