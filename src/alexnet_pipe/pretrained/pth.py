"""PyTorch's `.pth` files, without PyTorch: a state dict in a zip archive, or in the form before PyTorch 1.6."""

import io
import math
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.data_pickle import Named, load_pickle
from alexnet_pipe.pretrained.published import Array

LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""The pickled number that the old form begins with (`MAGIC_NUMBER` in torch/serialization.py)."""

_PICKLE = "data.pkl"


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


_KNOWN = {
    ("collections", "OrderedDict"): Named,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "DoubleStorage"): "<f8",
    ("torch", "HalfStorage"): "<f2",
    # The counters of batch normalization, in files of other networks.
    ("torch", "LongStorage"): "<i8",
}


def load_state_dict(content: bytes) -> dict[str, Array]:
    """The tensors in the bytes of a `.pth` file, by name.

    Raises:
        UserError: if it holds anything else, or asks for more than tensors need.
        Exception: of any kind, if it is damaged.
    """
    return _legacy(content) if content.startswith(LEGACY_START) else _zipped(content)


def _zipped(content: bytes) -> dict[str, Array]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pickles = [name for name in archive.namelist() if name.rpartition("/")[2] == _PICKLE]
        if len(pickles) != 1:
            raise UserError(f"it is a zip archive without PyTorch's {_PICKLE}: it is another file")
        folder = pickles[0].removesuffix(_PICKLE)

        def entry(name: str) -> bytes:
            if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
                raise UserError("its entries are compressed, which PyTorch never does: get the file elsewhere")
            return archive.read(name)

        held = load_pickle(io.BytesIO(entry(pickles[0])), _KNOWN, _storage)
        return _arrays(held, lambda storage: entry(f"{folder}data/{storage.key}"))


def _legacy(content: bytes) -> dict[str, Array]:
    """Five pickles (number, version, system, state dict, keys of the storages), then the storages in that order."""
    stream = io.BytesIO(content)
    *_, held, keys = (load_pickle(stream, _KNOWN, _storage) for _ in range(5))
    start = stream.tell()
    places = {}
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in _tensors(held).values()}
    for key in map(_key, keys):
        length = int.from_bytes(content[start : start + 8], "little") * np.dtype(dtypes[key]).itemsize
        places[key] = slice(start + 8, start + 8 + length)
        start += 8 + length
    return _arrays(held, lambda storage: content[places[storage.key]])


def _storage(identifier: Any) -> _Storage:
    kind, dtype, key, *_ = identifier
    if kind not in ("storage", b"storage") or dtype not in ("<f2", "<f4", "<f8", "<i8"):
        raise UserError("it holds tensors of something else than floats: it is another file")
    return _Storage(_key(key), dtype)


def _key(found: Any) -> str:
    if not isinstance(found, str | bytes):
        raise ValueError("a name that is no text")
    return found.decode("latin1") if isinstance(found, bytes) else found


def _tensors(held: Any) -> dict[str, _Tensor]:
    if not isinstance(held, dict):
        raise UserError("it holds no state dict: save model.state_dict()")
    return {_key(name): tensor for name, tensor in held.items() if isinstance(tensor, _Tensor)}


def _arrays(held: Any, numbers: Callable[[_Storage], bytes]) -> dict[str, Array]:
    return {name: tensor.array(numbers(tensor.storage)) for name, tensor in _tensors(held).items()}
