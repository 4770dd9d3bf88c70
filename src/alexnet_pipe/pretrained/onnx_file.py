"""ONNX models that are one of this project's variants, such as the ONNX zoo's `bvlcalexnet`: told by their layers."""

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.model import VARIANTS
from alexnet_pipe.pretrained import Preparation
from alexnet_pipe.pretrained.caffemodel import from_caffe
from alexnet_pipe.pretrained.links import PADDED_SIDE, layers_of, variant_of
from alexnet_pipe.pretrained.onnx_chain import Chain
from alexnet_pipe.pretrained.published import (
    Published,
    inputs_by_place,
)
from alexnet_pipe.pretrained.torchvision import from_normalized
from alexnet_pipe.pretrained.wire_format import check_fields

_OURS = "alexnet-pipe"
_CAFFES = ("bvlc", "caffenet")
_SIDE = 227


def read_onnx(content: bytes, preparation: Preparation | None = None) -> Published:
    """The weights in the bytes of an ONNX file.

    Args:
        content: The file.
        preparation: How photographs were prepared when it was trained, which no graph says; if nothing is said, Caffe's
            way for Caffe's networks, and torchvision's for all others.

    Raises:
        UserError: if it holds another network; what is said is the first layer that differs from the nearest variant.
        Exception: of any kind, if it is damaged.
    """
    from onnx import ModelProto

    check_fields(content, ModelProto.DESCRIPTOR)
    model = ModelProto.FromString(content)
    if model.producer_name == _OURS:
        raise UserError(
            "this project has exported it: `predict --model` takes it as it is; a training takes its .keras file"
        )
    chain = Chain(model.graph)
    variant, width = variant_of(chain.links)
    layers = layers_of(chain.links)
    remarks = ["told by its layers: an ONNX graph does not say what it is, nor how photographs were prepared for it"]
    if chain.folded:
        remarks.append(f"{chain.folded} batch normalizations folded into the layers before them")
    if not chain.by_place:
        layers["fc6"] = inputs_by_place(layers["fc6"])
        remarks.append("fc6's inputs reordered from channel, height, width to height, width, channel")
    side = PADDED_SIDE if VARIANTS[variant].seen == PADDED_SIDE else _SIDE
    if chain.side not in (None, side):
        remarks.append(f"its graph takes {chain.side}×{chain.side} pixels; the network was published with {side}")
    named = preparation or (Preparation.CAFFE if variant in _CAFFES else Preparation.TORCHVISION)
    build = from_caffe if named is Preparation.CAFFE else from_normalized
    return build(".onnx", variant, width, layers, tuple(remarks))
