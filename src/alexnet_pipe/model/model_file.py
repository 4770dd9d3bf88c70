"""`.keras` files that are equal, byte for byte, when the models in them are; and one number for a set of weights."""

import hashlib
import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import required, written_aside
from alexnet_pipe.base.foreign_files import START, open_zip, stranger
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.description import LARGEST as DESCRIPTION
from alexnet_pipe.model.description import read_description
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.stored_weights import (
    MEAN,
    OVERHEAD,
    expected_weights,
    open_weights,
    sound_numbers,
    weight_bytes,
)

_CONFIGURATION = "config.json"
_METADATA = "metadata.json"
_WEIGHTS = "model.weights.h5"


def save_model(path: Path, model: Classifier) -> None:
    """Save architecture, class names, mean image and weights, without the optimizer."""
    # A copy built from its configuration has neither optimizer nor training history to leave in the file.
    bare = model.untrained_copy()
    with written_aside(path) as aside:
        stamped = aside.with_name(aside.name + ".keras")
        try:
            bare.save(stamped)
            _without_stamps(stamped, aside)
        finally:
            stamped.unlink(missing_ok=True)


def load_model(path: Path, forms: Forms = PORTABLE) -> Classifier:
    """The classifier in `path`, not compiled, which computes in `forms`.

    The file is data: its fields are checked, its network is built by this project of them, and its arrays are checked
    before memory is set aside for them. Keras reads nothing of it.

    Raises:
        UserError: if the file is missing, damaged, or holds another kind of model.
    """
    if not required(path).is_file():
        raise UserError(f"{path} is no file: name a model's file")
    try:
        with path.open("rb") as file:
            return _read_model(file, forms)
    except UserError as error:
        raise UserError(f"{path} {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # Damaged content leads the libraries to errors of many kinds.
        reason = printable(" ".join(str(error).split()))[:200]
        raise UserError(f"{path} is not a model of this project, or is damaged: {reason}") from None


def _read_model(file: BinaryIO, forms: Forms) -> Classifier:
    if (start := file.read(START)).startswith(b"PK\x03\x04"):
        with open_zip(file) as archive:
            if _CONFIGURATION not in archive.namelist():
                raise UserError("is a zip archive, but no .keras file; weights of PyTorch go through `import-weights`")
            description = read_description(_entry(archive, _CONFIGURATION, DESCRIPTION))
            places = expected_weights(description)
            stored = open_weights(BytesIO(_weights(archive, weight_bytes(places))), places)
            model = Classifier.undrawn(description.arguments(), forms)
            for name, array in stored.items():
                _variable(model, name).assign(sound_numbers(array, name))
            return model
    raise UserError(stranger(start) or "is not a model of this project, or is damaged: it is no zip archive")


def _variable(model: Classifier, name: str) -> Any:
    layer, _, number = name.partition(".")
    return model.mean if name == MEAN else model.network.get_layer(layer).weights[int(number)]


def _weights(archive: ZipFile, expected: int) -> bytes:
    """The bytes of the weights' entry, if it has as many as a network needs that takes `expected` for its numbers."""
    entry = archive.getinfo(_WEIGHTS)
    if entry.compress_type != ZIP_STORED:
        raise UserError("has compressed weights, which could swell: pack it again without compression, as Keras does")
    size = entry.file_size
    if not expected <= size <= expected + OVERHEAD:
        raise ValueError(f"its weights take {size:,} bytes, and its network needs {expected:,}")
    return _entry(archive, _WEIGHTS, size)


def _entry(archive: ZipFile, name: str, largest: int) -> bytes:
    if archive.getinfo(name).file_size > largest:
        raise ValueError(f"{name} has more than {largest:,} bytes")
    return archive.read(name)


def weights_digest(weights: Iterable[np.ndarray]) -> str:
    """SHA-256, in hexadecimal, over the tensors in order, each with its dtype and shape."""
    digest = hashlib.sha256()
    for tensor in weights:
        digest.update(f"{tensor.dtype.str}{tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()


def _without_stamps(stamped: Path, target: Path) -> None:
    """Copy a `.keras` archive without the times that Keras and zip write into it."""
    with ZipFile(stamped) as source, ZipFile(target, "w", ZIP_STORED) as copy:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == _METADATA:
                content = _undated(content)
            copy.writestr(ZipInfo(name), content)


def _undated(metadata: bytes) -> bytes:
    content: dict[str, Any] = json.loads(metadata)
    content.pop("date_saved", None)
    return json.dumps(content, sort_keys=True).encode()
