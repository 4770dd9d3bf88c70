"""What must be equal for one run to go on where another stopped."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

PACKAGE = Path(__file__).parents[1]
CODE = ("acceleration", "inputs", "model", "store", "training")
"""Packages whose code decides what a step computes."""


def run_fingerprint(parameters: Mapping[str, Any], data: Iterable[Path]) -> str:
    """16 hexadecimal digits of parameters, data files, code, and the versions of the libraries that compute.

    Args:
        parameters: All that decides what is computed.
        data: Files that change when the training data does.
    """
    digest = hashlib.sha256(json.dumps([parameters, _versions()], sort_keys=True).encode())
    code = (path for name in CODE for path in sorted((PACKAGE / name).rglob("*.py")))
    for path in [*code, *data]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {"keras": keras.version(), backend: import_module(backend).__version__, "numpy": version("numpy")}
