"""Import libraries without the notices that they print for those who build them."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOTICE = re.compile(rb"absl::InitializeLog|oneDNN custom operations|cpu_feature_guard|To enable the following instr")


@contextmanager
def without_notices() -> Iterator[None]:
    """Hold back what is written to standard error, and let through all but TensorFlow's start-up notices."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as held:
        # TensorFlow's C++ writes to the descriptor, past `sys.stderr`, and heeds its log level only later.
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(standard_error, 2)
            os.close(standard_error)
            held.seek(0)
            for line in held:
                if not _NOTICE.search(line):
                    os.write(2, line)


@contextmanager
def as_if_missing(*packages: str) -> Iterator[None]:
    """Have imports inside the block do without `packages`, as where these are not installed, unless they are loaded."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # Python's sign for: there is no such module.
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
