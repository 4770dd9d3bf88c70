"""A `.keras` file as data: what it says of the classifier in it, and its arrays. Neither needs Keras."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import required
from alexnet_pipe.base.foreign_files import START, open_zip, stranger
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.portable.description import LARGEST as DESCRIPTION
from alexnet_pipe.portable.description import Description, Notes, read_description
from alexnet_pipe.portable.stored_weights import OVERHEAD, expected_weights, open_weights, sound_numbers, weight_bytes

Arrays = Mapping[str, NDArray[np.float32]]
"""The mean image and the weights, by the names and in the order of `stored_weights.expected_weights`."""

_CONFIGURATION = "config.json"
_WEIGHTS = "model.weights.h5"
_BUNDLED = "alexnet/model.onnx"
"""What `alexnet-pipe export --format bundle` packs."""


Model = TypeVar("Model")


class Stored(NamedTuple):
    """A classifier as data."""

    description: Description
    arrays: Arrays


def read_stored(path: Path) -> Stored:
    """The classifier in `path`: its fields and its arrays are checked before memory is set aside for them.

    Raises:
        UserError: if the file is missing, damaged, or holds another kind of model.
    """
    return read_model(path, _stored)


def read_described(path: Path) -> Description:
    """What the file `path` says of the classifier in it; its weights are not read.

    Raises:
        UserError: as `read_stored`.
    """
    return read_model(path, _description)


def read_model(path: Path, read: Callable[[BinaryIO], Model]) -> Model:
    """What `read` makes of the model's file `path`; errors of any kind are those of a file that cannot be used.

    Raises:
        UserError: if the file is missing, or `read` raises anything.
    """
    if not required(path).is_file():
        raise UserError(f"{path} is no file: name a model's file")
    try:
        with path.open("rb") as file:
            return read(file)
    except UserError as error:
        raise UserError(f"{path} {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # Damaged content leads the libraries to errors of many kinds.
        reason = printable(" ".join(str(error).split()))[:200]
        raise UserError(f"{path} is not a model of this project, or is damaged: {reason}") from None


def _stored(file: BinaryIO) -> Stored:
    with _archive(file) as archive:
        description = read_description(_entry(archive, _CONFIGURATION, DESCRIPTION))
        places = expected_weights(description)
        stored = open_weights(BytesIO(_weights(archive, weight_bytes(places))), places)
        return Stored(description, {name: sound_numbers(array, name) for name, array in stored.items()})


def _description(file: BinaryIO) -> Description:
    with _archive(file) as archive:
        return read_description(_entry(archive, _CONFIGURATION, DESCRIPTION))


@contextmanager
def _archive(file: BinaryIO) -> Iterator[ZipFile]:
    if not (start := file.read(START)).startswith(b"PK\x03\x04"):
        raise UserError(stranger(start) or "is not a model of this project, or is damaged: it is no zip archive")
    with open_zip(file) as archive:
        if _CONFIGURATION not in archive.namelist():
            if _BUNDLED in archive.namelist():
                raise UserError(f"is a bundle: take {_BUNDLED} out of it (`unzip`), and name that")
            raise UserError("is a zip archive, but no .keras file; weights of PyTorch go through `import-weights`")
        yield archive


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


def notes_of(stored: Stored) -> Notes:
    """What must travel with the classifier in another format."""
    description = stored.description
    return Notes(
        classes=description.classes,
        resize=description.resize,
        temperature=description.temperature,
        temperature_ten_view=description.temperature_ten_view,
        summary=description.summary,
        variant=description.variant,
        weights_digest=weights_digest(stored.arrays.values()),
    )


def weights_digest(weights: Iterable[NDArray[np.generic]]) -> str:
    """SHA-256, in hexadecimal, over the tensors in order, each with its dtype and shape."""
    digest = hashlib.sha256()
    for tensor in weights:
        digest.update(f"{tensor.dtype.str}{tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()
