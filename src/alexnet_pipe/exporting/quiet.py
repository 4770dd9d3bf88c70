"""Converters talk to those who build them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what is written to standard output and standard error; exceptions still say what went wrong."""
    sys.stdout.flush()
    sys.stderr.flush()
    outputs = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    # C++ writes to the descriptors, past `sys.stdout` and `sys.stderr`.
    for descriptor in outputs:
        os.dup2(nowhere, descriptor)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.close(nowhere)
        for descriptor, kept in outputs.items():
            os.dup2(kept, descriptor)
            os.close(kept)
