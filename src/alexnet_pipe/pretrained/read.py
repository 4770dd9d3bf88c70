"""From a published file of any kind that is known, told by its content, to a model of this project."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load as load_safetensors

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.foreign_files import START, stranger
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.pretrained import Preparation, matconvnet
from alexnet_pipe.pretrained.caffemodel import read_caffemodel
from alexnet_pipe.pretrained.npy import read_npy
from alexnet_pipe.pretrained.onnx_file import read_onnx
from alexnet_pipe.pretrained.pth import LEGACY_START, load_state_dict
from alexnet_pipe.pretrained.published import FIGURES, Published
from alexnet_pipe.pretrained.tensorflow_checkpoint import checkpoint_at, read_checkpoint
from alexnet_pipe.pretrained.torchvision import from_torchvision
from alexnet_pipe.pretrained.wire_format import is_onnx, other_message

if TYPE_CHECKING:
    from alexnet_pipe.model.classifier import Classifier

_LARGEST = 2**30
"""Bytes: four times what the network's weights take."""
_LONGEST_HEADER = 2**20
"""Bytes of a .safetensors file's header; 16 tensors take two thousand."""

_LONGEST_LIST = 2**22
"""Bytes of a list of class names: all of ImageNet's 21,841 take one million."""

_SAFE_DTYPES = ("F16", "F32", "F64", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL")

_DIGESTS = {
    "9116a64c0fbe4459d18f4bb6b56d647b63920377": "bvlc",
    "4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46": "caffenet",
    # The file's name has the digest's beginning.
    "7be5be79": "one-weird-trick",
}
"""Files of which `FIGURES` speak, by SHA-1 or SHA-256."""

_Reader = Callable[[bytes], Published]


def read_published(path: Path, preparation: Preparation | None = None) -> Published:
    """The weights in `path`: bvlc_alexnet.npy, a .caffemodel, torchvision's .pth or .safetensors, an ONNX graph, a
    checkpoint of TensorFlow, or MatConvNet's .mat.

    `preparation` is for files that do not say how photographs were prepared.

    Raises:
        UserError: if the file is missing, damaged, of another kind or another network, or not to be trusted.
    """
    if (prefix := checkpoint_at(path)) is not None:
        return _told(path, "checkpoint of TensorFlow", partial(read_checkpoint, prefix))
    content = _content(path)
    kind, reader = _reader(content, preparation)
    if reader is read_caffemodel and (other := stranger(content[:START]) or other_message(content)):
        raise UserError(f"{path} {other}")
    published = _told(path, kind, partial(reader, content))
    return replace(published, remarks=(*published.remarks, *_figures(content)))


def _figures(content: bytes) -> tuple[str, ...]:
    """What was published of just this file, as a remark, if anything was."""
    digests = (hashlib.sha1(content, usedforsecurity=False).hexdigest(), hashlib.sha256(content).hexdigest())
    found = [FIGURES[name] for start, name in _DIGESTS.items() if any(digest.startswith(start) for digest in digests)]
    return tuple(
        f"by its digest this is {each.whose}: {each.top1:g} % top-1 and {each.top5:g} % top-5 accuracy as published, "
        "from one centre view"
        for each in found
    )


def _told(path: Path, kind: str, read: Callable[[], Published]) -> Published:
    """What `read` gives; what goes wrong in it is one line that names the file."""
    try:
        return read()
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # Damaged content leads the libraries to errors of many kinds.
        reason = ascii(" ".join(str(error).split()))[1:-1][:200]
        raise UserError(f"{path} is no {kind}, or is damaged ({reason}): fetch it again") from None


def numbered_names(classes: int) -> list[str]:
    """Names that are distinct, where nobody gave any."""
    return [f"class {label}" for label in range(classes)]


def read_names(path: Path, classes: int) -> list[str]:
    """One name a line, in label order, as in Caffe's synset_words.txt; empty lines are left out.

    Raises:
        UserError: if the file cannot be read, or there are not `classes` distinct names in it.
    """
    try:
        with path.open("rb") as file:
            lines = _text(file.read(_LONGEST_LIST + 1)).split("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(f"{path} cannot be read ({reason}): give a text file with one class name a line") from None
    names = [line.strip() for line in lines if line.strip()]
    if len(names) != classes:
        raise UserError(f"{path} has {len(names):,} names, but the network has {classes:,} classes: give one a line")
    if len(set(names)) != len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise UserError(f"{path} has {twice!r} twice: make the names distinct")
    return names


def _text(content: bytes) -> str:
    if len(content) > _LONGEST_LIST:
        raise ValueError(f"it has more than {_LONGEST_LIST:,} bytes")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def assemble(published: Published, classes: Sequence[str]) -> "Classifier":
    """The network, its mean image (the same everywhere), and how photographs are prepared for it.

    Args:
        published: The weights.
        classes: The class names, in label order, as many as fc8 has outputs.
    """
    from alexnet_pipe.model.classifier import Classifier
    from alexnet_pipe.paper import SIDE

    resize = {"policy": published.policy, "background": "white"}
    model = Classifier.undrawn(
        {"classes": classes, "resize": resize, "variant": published.variant, "width": published.width}
    )
    for name, layer in published.layers.items():
        model.network.get_layer(name).set_weights([layer.kernel, layer.bias])
    model.mean.assign(np.broadcast_to(np.asarray(published.mean, np.float32), (SIDE, SIDE, 3)))
    return model


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(f"{path} is {'no file' if path.exists() else 'missing'}: name a file with published weights")
    if path.stat().st_size > _LARGEST:
        raise UserError(f"{path} has more than 1 GiB, and AlexNet's weights do not: it is another file")
    return path.read_bytes()


def _reader(content: bytes, preparation: Preparation | None) -> tuple[str, _Reader]:
    """The kind of file, and what reads it; a .caffemodel has no sign of its own."""
    if is_onnx(content):
        return "ONNX file", partial(read_onnx, preparation=preparation)
    if preparation is not None:
        raise UserError(f"--preparation {preparation} is for ONNX graphs: other files say how they were trained")
    if content.startswith(b"\x93NUMPY"):
        return ".npy file of weights", read_npy
    if content.startswith(matconvnet.START):
        return ".mat file of MatConvNet", matconvnet.read_matconvnet
    if content.startswith((b"PK\x03\x04", LEGACY_START)):
        return ".pth file", lambda content: from_torchvision(".pth", load_state_dict(content))
    if content[8:10] in (b'{"', b"{}", b"{ "):
        return ".safetensors file", _read_safetensors
    return ".npy, .caffemodel, .pth, .safetensors, .onnx or .mat", read_caffemodel


def _read_safetensors(content: bytes) -> Published:
    length = int.from_bytes(content[:8], "little")
    if length > min(_LONGEST_HEADER, len(content)):
        raise ValueError(f"its header claims {length:,} bytes")
    dtypes = {entry.get("dtype") for entry in json.loads(content[8 : 8 + length]).values()}
    if unknown := dtypes - {None, *_SAFE_DTYPES}:
        raise UserError(
            f"it holds {printable(min(unknown))[:20]}, of which NumPy knows nothing: save it as float32 (F32)"
        )
    return from_torchvision(".safetensors", load_safetensors(content))
