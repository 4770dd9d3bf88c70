"""What must be equal for work to go on where it stopped."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]


def fingerprint(parameters: Mapping[str, Any], data: Iterable[Path], packages: Iterable[str]) -> str:
    """16 hexadecimal digits of parameters, of the bytes of data files, and of the code of `packages`."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    code = (path for name in packages for path in sorted((PACKAGE / name).rglob("*.py")))
    for path in [*code, *data]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal; the file need not fit into memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_digest() -> str:
    """16 hexadecimal digits of all code of this project."""
    return fingerprint({}, [], [""])
