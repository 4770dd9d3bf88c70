"""Pickles of arrays and tensors, as data: nothing that the file names is ever called.

A pickle is a program, and may ask for any function of the machine. Here it may ask for the few names that NumPy and
PyTorch write for their arrays, and gets classes in their place that take notes.
"""

import io
import pickle
import pickletools
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, BinaryIO, ClassVar

from alexnet_pipe.base.errors import UserError

_HASHING = tuple(code[0] for code in (pickle.DICT, pickle.EMPTY_SET, pickle.FROZENSET, pickle.ADDITEMS))
"""Operations that weights do not need, and that hash whatever they are given."""

_MOST = 500_000
"""Operations in one pickle; a network of a thousand tensors, saved with its optimizer, takes a third of it."""

Key = tuple[str, str]


class Named(dict[Any, Any]):
    """In the place of `dict` and `collections.OrderedDict`; attributes, such as PyTorch's `_metadata`, are left out."""

    def __init__(self, pairs: Iterable[Any] = ()) -> None:
        super().__init__()
        for key, value in pairs:
            self[key] = value

    def __setitem__(self, key: Any, value: Any) -> None:
        # The hash of tuples within tuples can take longer than anybody lives.
        # Optimizers count their tensors.
        if not isinstance(key, str | bytes | int):
            raise ValueError("a key that is no name")
        super().__setitem__(key, value)

    def __setstate__(self, state: Any) -> None:
        pass


def load_pickle(stream: BinaryIO, known: Mapping[Key, Any], named: Any = None) -> Any:
    """The next pickle in `stream`; byte strings stay bytes, and `stream` is left behind it.

    Args:
        stream: A seekable binary stream.
        known: By module and name, what stands in the place of what the pickle may ask for.
        named: Gives the object of a persistent id, such as a storage of PyTorch.

    Raises:
        UserError: if the pickle asks for anything else.
        Exception: of any kind, if it is damaged.
    """
    start = stream.tell()
    # Everything is there: no operation claims more bytes than the file has.
    if sum(1 for _ in islice(pickletools.genops(stream), _MOST)) == _MOST:
        raise ValueError("more operations than weights need")
    end = stream.tell()
    stream.seek(start)
    return _Unpickler(stream.read(end - start), known, named).load()


class _Unpickler(pickle._Unpickler):  # The one in C sets memory aside for as many objects as the file says.
    append: Any
    stack: list[Any]

    def __init__(self, content: bytes, known: Mapping[Key, Any], named: Any) -> None:
        # Python 2's strings hold text or an array's data: bytes serve for both.
        super().__init__(io.BytesIO(content), encoding="bytes")
        self.known = known
        self.named = named

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            asked = ascii(f"{module}.{name}")[1:-1][:80]
            raise UserError(
                f"its pickle asks for {asked}, and weights alone do not need that: not loaded, nothing was run; "
                "save the arrays or the state dict only, or get the file elsewhere"
            )
        return self.known[module, name]

    def persistent_load(self, pid: Any) -> Any:
        if self.named is None:
            raise ValueError("a persistent id where there can be none")
        return self.named(pid)

    def load_names(self) -> None:
        self.append(Named())

    def load_state(self) -> None:
        """No attributes for what has no `__setstate__`: they would replace what was checked."""
        state = self.stack.pop()
        self.stack[-1].__setstate__(state)

    dispatch: ClassVar[dict[int, Any]] = {
        **{code: load for code, load in pickle._Unpickler.dispatch.items() if code not in _HASHING},
        pickle.EMPTY_DICT[0]: load_names,
        pickle.BUILD[0]: load_state,
    }
