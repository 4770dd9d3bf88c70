"""PyTorch's `.pth` files, without PyTorch: a state dict in a zip archive, or in the form before PyTorch 1.6."""

import io
import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from zipfile import ZIP_STORED

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.foreign_files import open_zip
from alexnet_pipe.pretrained.data_pickle import Named, load_pickle
from alexnet_pipe.pretrained.published import Array

LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""The pickled number that the old form begins with (`MAGIC_NUMBER` in torch/serialization.py)."""

_PICKLE = "data.pkl"
_KERAS = "model.weights.h5"

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
"""Under which names training scripts save a state dict, beside the epoch, the optimizer and others."""


class _Storage(NamedTuple):
    """Where the numbers of one or more tensors lie."""

    key: str
    dtype: str


class _Tensor:
    """In the place of `torch._utils._rebuild_tensor_v2`."""

    def __init__(self, storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> None:
        numbers = (offset, *size, *stride)
        if not isinstance(storage, _Storage) or not all(isinstance(n, int) and n >= 0 for n in numbers):
            raise ValueError("a tensor without a place")
        contiguous = [math.prod(size[axis + 1 :]) for axis in range(len(size))]
        # The stride of an axis of length 1 says nothing.
        if any(length != 1 and step != plain for length, step, plain in zip(size, stride, contiguous, strict=True)):
            raise UserError("it holds a tensor that is not contiguous: save it after .contiguous()")
        self.storage, self.offset, self.size = storage, offset, size

    def array(self, numbers: bytes) -> Array:
        count = math.prod(self.size)
        flat: Array = np.frombuffer(numbers, self.storage.dtype)
        return flat[self.offset : self.offset + count].reshape(self.size)


def _parameter(data: Any, *_: Any) -> Any:
    """In the place of `torch._utils._rebuild_parameter`."""
    return data


_BFLOAT16 = "bfloat16"

_KNOWN = {
    ("collections", "OrderedDict"): Named,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "DoubleStorage"): "<f8",
    ("torch", "HalfStorage"): "<f2",
    # The counters of batch normalization, and states of random numbers.
    ("torch", "LongStorage"): "<i8",
    ("torch", "IntStorage"): "<i4",
    ("torch", "ByteStorage"): "|u1",
    ("torch", "BoolStorage"): "|b1",
    ("torch", "BFloat16Storage"): _BFLOAT16,
}


def load_state_dict(content: bytes) -> dict[str, Array]:
    """The tensors in the bytes of a `.pth` file, by name.

    Raises:
        UserError: if it holds anything else, or asks for more than tensors need.
        Exception: of any kind, if it is damaged.
    """
    return _legacy(content) if content.startswith(LEGACY_START) else _zipped(content)


def _zipped(content: bytes) -> dict[str, Array]:
    with open_zip(io.BytesIO(content)) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.rpartition("/")[2] == _PICKLE]
        if _KERAS in names:
            raise UserError(
                "it is a model of Keras: if this project made it, it can be used as it is (`predict --model`)"
            )
        if len(pickles) != 1:
            raise UserError(f"it is a zip archive without PyTorch's {_PICKLE}: unpack it, and give the file in it")
        if any(entry.compress_type != ZIP_STORED for entry in archive.infolist()):
            raise UserError("its entries are compressed, which PyTorch never does: get the file elsewhere")
        if sum(entry.file_size for entry in archive.infolist()) > len(content):
            raise ValueError("entries that lie on top of each other")
        held = load_pickle(io.BytesIO(archive.read(pickles[0])), _KNOWN, _storage)
        folder = pickles[0].removesuffix(_PICKLE)
        # Many tensors may share a storage, which is in memory once.
        numbers = cache(lambda key: archive.read(f"{folder}data/{key}"))
        return _arrays(held, lambda storage: numbers(storage.key))


def _legacy(content: bytes) -> dict[str, Array]:
    """Five pickles (number, version, system, state dict, keys of the storages), then the storages in that order."""
    stream = io.BytesIO(content)
    dtypes: dict[str, str] = {}

    def noted(identifier: Any) -> _Storage:
        storage = _storage(identifier)
        if dtypes.setdefault(storage.key, storage.dtype) != storage.dtype:
            raise ValueError("a storage of two types")
        return storage

    *_, held, keys = (load_pickle(stream, _KNOWN, noted) for _ in range(5))
    start = stream.tell()
    places = {}
    for key in map(_key, keys):
        length = int.from_bytes(content[start : start + 8], "little") * np.dtype(dtypes[key]).itemsize
        places[key] = slice(start + 8, start + 8 + length)
        start += 8 + length
    numbers = cache(lambda key: content[places[key]])
    return _arrays(held, lambda storage: numbers(storage.key))


def _storage(identifier: Any) -> _Storage:
    kind, dtype, key, *_ = identifier
    if dtype == _BFLOAT16:
        raise UserError("it holds bfloat16, of which NumPy knows nothing: save model.float().state_dict()")
    if kind not in ("storage", b"storage") or dtype not in _KNOWN.values() or not isinstance(dtype, str):
        raise UserError("it holds tensors of something else than floats: it is another file")
    return _Storage(_key(key), dtype)


def _key(found: Any) -> str:
    if not isinstance(found, str | bytes):
        raise ValueError("a name that is no text")
    return found.decode("latin1") if isinstance(found, bytes) else found


def _tensors(held: Any) -> dict[str, _Tensor]:
    """Those of a state dict, or of the one that is in a training script's checkpoint."""
    if not isinstance(held, dict):
        raise UserError("it holds no state dict: save model.state_dict()")
    named = {_key(name): value for name, value in held.items() if isinstance(name, str | bytes)}
    for wrapper in _WRAPPERS:
        if isinstance(named.get(wrapper), dict):
            return _tensors(named[wrapper])
    return {name: tensor for name, tensor in named.items() if isinstance(tensor, _Tensor)}


def _arrays(held: Any, numbers: Callable[[_Storage], bytes]) -> dict[str, Array]:
    return {name: tensor.array(numbers(tensor.storage)) for name, tensor in _tensors(held).items()}
