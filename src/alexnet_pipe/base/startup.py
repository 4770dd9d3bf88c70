"""Import libraries as this project needs them, whatever surrounds it, without notices for those who build them.

`python -m alexnet_pipe.base.startup MODULE ARGUMENT…` is `python -m MODULE ARGUMENT…`, sooner: for DVC and Prefect.
"""

import atexit
import gc
import os
import re
import runpy
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from alexnet_pipe.base.errors import UserError

BACKENDS = ("tensorflow", "jax")

_FOR_OTHERS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED", "JAX_ENABLE_X64")
"""Settings of a shell that would change what this project computes."""

XLA_WITHOUT_YNN = "--xla_cpu_experimental_ynn_fusion_type="
"""No fusions by YNNPACK, with which XLA computes a convolution on a processor more slowly than by its older library."""

_NOTICE = re.compile(rb"absl::InitializeLog|oneDNN custom operations|cpu_feature_guard|To enable the following instr")


def reach_this_machine_directly() -> None:
    """Keep requests to this machine, which carry passwords, from the proxy that the user's settings name."""
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if excepted != "*":
        excepted = ",".join(filter(None, [excepted, "127.0.0.1", "localhost"]))
        os.environ.update(no_proxy=excepted, NO_PROXY=excepted)


PROGRAM = "alexnet_pipe.base.startup"
"""The module that starts programs of others; a third of what a command of DVC's costs is to look for garbage."""


@contextmanager
def kept_imports() -> Iterator[None]:
    """What is imported inside the block stays: Python looks for no garbage in it, neither now nor later.

    It would look through half a million objects again and again while they come, and twice more when it ends.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without_notices(backend: str | None = None) -> Iterator[None]:
    """Hold back what is written to standard error, and let through all but TensorFlow's start-up notices.

    Keras, first imported inside the block, computes with what `keras_backend` says, and takes no other setting of the
    user's.

    Raises:
        UserError: as `keras_backend`.
    """
    # Keras and its backend read these when they are imported, and at no other time.
    os.environ |= {"KERAS_BACKEND": keras_backend(backend), "KERAS_HOME": os.devnull}
    if os.environ["KERAS_BACKEND"] == "jax" and XLA_WITHOUT_YNN not in (flags := os.environ.get("XLA_FLAGS", "")):
        os.environ["XLA_FLAGS"] = f"{flags} {XLA_WITHOUT_YNN}".strip()
    for name in _FOR_OTHERS:
        os.environ.pop(name, None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as held, kept_imports():
        try:
            with redirected(held.fileno(), 2):
                yield
        finally:
            held.seek(0)
            for line in held:
                if not _NOTICE.search(line):
                    os.write(2, line)


def keras_backend(wanted: str | None = None) -> str:
    """What Keras will compute with: what is `wanted`, or `KERAS_BACKEND`, or else the first that is installed.

    Raises:
        UserError: if this project does not know it, if it is not installed, or if `KERAS_BACKEND` is another than what
            `train.backend` has for `wanted`.
    """
    told = os.environ.get("KERAS_BACKEND")
    if told and told not in BACKENDS:
        raise UserError(f"KERAS_BACKEND is {told!r}, and known are {' and '.join(BACKENDS)}: `unset KERAS_BACKEND`")
    if wanted and told and wanted != told:
        raise UserError(
            f"train.backend is {wanted}, and KERAS_BACKEND is {told}: `unset KERAS_BACKEND`, or `alexnet-pipe set "
            f"train.backend={told}`"
        )
    installed = [name for name in BACKENDS if find_spec(name)]
    name = wanted or told or next(iter(installed), BACKENDS[0])
    if name not in installed:
        setting = (
            f"`alexnet-pipe set train.backend={installed[0]}`" if wanted and installed else "`unset KERAS_BACKEND`"
        )
        raise UserError(
            f"{name} is not installed: run `make setup`, or `pip install 'alexnet-pipe[{name}]'`, or {setting}"
        )
    return name


@contextmanager
def redirected(to: int, *descriptors: int) -> Iterator[None]:
    """Inside the block what is written to `descriptors`, 1 or 2, goes to the descriptor `to`.

    Libraries in C++ write there, past `sys.stdout` and `sys.stderr`.
    """
    kept = {descriptor: os.dup(descriptor) for descriptor in descriptors}
    _redirect(dict.fromkeys(descriptors, to))
    try:
        yield
    finally:
        _redirect(kept)
        for descriptor in kept.values():
            os.close(descriptor)


def _redirect(targets: dict[int, int]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor, to in targets.items():
        os.dup2(to, descriptor)


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


def _run_program() -> None:
    # Nobody knows when its imports end, and what it makes is small.
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run_program()
