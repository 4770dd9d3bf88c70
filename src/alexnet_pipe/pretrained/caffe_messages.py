"""Caffe's `NetParameter`, the message that a `.caffemodel` is (`src/caffe/proto/caffe.proto`).

Only the fields that matter here; protobuf skips all others.
"""

from functools import cache
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import FileDescriptorProto  # type: ignore[import-untyped]
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

_PACKAGE = "caffe"


class Field(NamedTuple):
    """A field of a message: its number, its type or message, whether there may be several, and its default."""

    number: int
    kind: str
    repeated: bool = False
    default: str = ""


MESSAGES = {
    "BlobShape": {"dim": Field(1, "int64", repeated=True)},
    "BlobProto": {
        "num": Field(1, "int64"),
        "channels": Field(2, "int64"),
        "height": Field(3, "int64"),
        "width": Field(4, "int64"),
        # Packed numbers lie in the file as plain bytes; read as such, millions of them cost nothing.
        "data": Field(5, "bytes", repeated=True),
        "shape": Field(7, "BlobShape"),
        "double_data": Field(8, "bytes", repeated=True),
    },
    "ConvolutionParameter": {
        "pad": Field(3, "uint32", repeated=True),
        "group": Field(5, "uint32", default="1"),
        "stride": Field(6, "uint32", repeated=True),
    },
    "PoolingParameter": {
        "pool": Field(1, "int32"),
        "kernel_size": Field(2, "uint32"),
        "stride": Field(3, "uint32", default="1"),
    },
    "LRNParameter": {
        "local_size": Field(1, "uint32", default="5"),
        "alpha": Field(2, "float", default="1"),
        "beta": Field(3, "float", default="0.75"),
        "norm_region": Field(4, "int32"),
        "k": Field(5, "float", default="1"),
    },
    "LayerParameter": {
        "name": Field(1, "string"),
        "type": Field(2, "string"),
        "blobs": Field(7, "BlobProto", repeated=True),
        "convolution_param": Field(106, "ConvolutionParameter"),
        "lrn_param": Field(118, "LRNParameter"),
        "pooling_param": Field(121, "PoolingParameter"),
    },
    # The form until the end of 2014, with a number for the type.
    "V1LayerParameter": {
        "name": Field(4, "string"),
        "type": Field(5, "int32"),
        "blobs": Field(6, "BlobProto", repeated=True),
        "convolution_param": Field(10, "ConvolutionParameter"),
        "lrn_param": Field(18, "LRNParameter"),
        "pooling_param": Field(19, "PoolingParameter"),
    },
    "NetParameter": {
        "name": Field(1, "string"),
        "layers": Field(2, "V1LayerParameter", repeated=True),
        "layer": Field(100, "LayerParameter", repeated=True),
    },
}


@cache
def net_parameter() -> Any:
    """The class of the message `NetParameter`."""
    messages = [
        {"name": name, "field": [_descriptor(*field) for field in fields.items()]} for name, fields in MESSAGES.items()
    ]
    file = FileDescriptorProto(name="caffe.proto", package=_PACKAGE, syntax="proto2", message_type=messages)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def _descriptor(name: str, field: Field) -> dict[str, Any]:
    nested = field.kind in MESSAGES
    return {
        "name": name,
        "number": field.number,
        "label": "LABEL_REPEATED" if field.repeated else "LABEL_OPTIONAL",
        "type": "TYPE_MESSAGE" if nested else f"TYPE_{field.kind.upper()}",
        "type_name": f".{_PACKAGE}.{field.kind}" if nested else None,
        "default_value": field.default or None,
    }
