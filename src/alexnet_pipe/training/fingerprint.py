"""What must be equal for one run to go on where another stopped."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from alexnet_pipe.base.fingerprint import fingerprint

CODE = ("inputs", "model", "store", "training")
"""Packages whose code decides what a step computes."""


def run_fingerprint(parameters: Mapping[str, Any], data: Iterable[Path]) -> str:
    """16 hexadecimal digits of parameters, data files, code, and the versions of the libraries that compute.

    Args:
        parameters: All that decides what is computed.
        data: Files that change when the training data does.
    """
    return fingerprint({**parameters, "versions": _versions()}, data, CODE)


def _versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {"keras": keras.version(), backend: import_module(backend).__version__, "numpy": version("numpy")}
