"""Pickles and the files around them, as others write them, honest and not."""

import io
import pickle
import zipfile
from typing import Any

import numpy as np
from numpy.lib import format as npy_format


def npy(pickled: bytes) -> bytes:
    """The `.npy` file of one object, whose array is pickled as `pickled`."""
    stream = io.BytesIO()
    npy_format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": ()})
    return stream.getvalue() + pickled


def npy_of_python_2(held: Any) -> bytes:
    """As `numpy.save` wrote it under Python 2: protocol 2, every string and array a byte string."""
    stream = io.BytesIO()
    _Python2Pickler(stream, protocol=2).dump(np.array(held, dtype=object))
    return npy(stream.getvalue().replace(b"cnumpy._core.", b"cnumpy.core."))


def zipped_pth(pickled: bytes, compression: int = zipfile.ZIP_STORED, **storages: bytes) -> bytes:
    """PyTorch's archive of a pickle and its storages."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, numbers in storages.items():
            archive.writestr(f"archive/data/{key}", numbers)
    return stream.getvalue()


def tensor(name: str, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """The pickle of a state dict with one float tensor, whose numbers lie in storage "s"."""
    place = _text("storage") + b"ctorch\nFloatStorage\n" + _text("s") + _text("cpu") + _plain(4)
    arguments = b"((" + place + b"tQ" + _plain(offset) + _plain(size) + _plain(stride) + b"\x89Nt"
    return b"\x80\x02}" + _text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"Rs."


def call(module: str, name: str, *arguments: Any) -> bytes:
    """A pickle that calls a function."""
    return b"\x80\x02" + f"c{module}\n{name}\n".encode() + b"(" + b"".join(map(_plain, arguments)) + b"tR."


def _plain(value: Any) -> bytes:
    """Opcodes that push a plain value."""
    return pickle.dumps(value, protocol=2)[2:-1]


def _text(value: str) -> bytes:
    return _plain(value)


class _Python2Pickler(pickle._Pickler):
    dispatch = pickle._Pickler.dispatch.copy()

    def save_string(self, value: str | bytes) -> None:
        content = value.encode("latin1") if isinstance(value, str) else value
        short = len(content) < 256
        self.write((b"U" + bytes([len(content)]) if short else b"T" + len(content).to_bytes(4, "little")) + content)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string
