"""What must be equal for work to go on where it stopped."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from alexnet_pipe.base.errors import UserError

PACKAGE = Path(__file__).parents[1]


def fingerprint(root: Path, stage: str, parameters: Mapping[str, Any], data: Iterable[Path] = ()) -> str:
    """16 hexadecimal digits of parameters, of the bytes of data files, and of the code that a stage depends on.

    Args:
        root: A folder whose `dvc.yaml` lists the code. Where there is none, all of this package counts.
        stage: Whose code.
        parameters: All else that decides the result, as JSON can hold it.
        data: Files that change when the input does.

    Raises:
        UserError: if `dvc.yaml` cannot be read, has no such stage, or names code that is not there.
    """
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    for path in data:
        digest.update(bytes.fromhex(file_digest(path)))
    digest.update(_code_of(root, stage))
    return digest.hexdigest()[:16]


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal; the file need not fit into memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_digest() -> str:
    """16 hexadecimal digits of all code of this project."""
    return _digest(PACKAGE, [PACKAGE]).hex()[:16]


def _code_of(root: Path, stage: str) -> bytes:
    pipeline = root / "dvc.yaml"
    if not pipeline.exists():  # As where a folder of images is tried out, outside of the project.
        return _digest(PACKAGE, [PACKAGE])
    try:
        deps = YAML(typ="safe").load(pipeline)["stages"][stage]["deps"]
    except (YAMLError, KeyError, TypeError) as error:
        raise UserError(f"{pipeline}: the deps of stage {stage} cannot be read ({type(error).__name__})") from None
    listed = [root / dep for dep in deps if dep.startswith("src/")]
    if missing := [path for path in listed if not path.exists()]:
        raise UserError(f"{pipeline}: stage {stage} depends on {missing[0]}, which is not there")
    return _digest(root, listed)


def _digest(root: Path, listed: Iterable[Path]) -> bytes:
    """Of names and text, in the order of names, however they are listed and whatever ends their lines."""
    digest = hashlib.sha256()
    for path in sorted({path for each in listed for path in _files(each)}):
        name = path.relative_to(root).as_posix().encode()
        text = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(hashlib.sha256(name).digest() + hashlib.sha256(text).digest())
    return digest.digest()


def _files(listed: Path) -> Iterator[Path]:
    if listed.is_dir():
        yield from (path for path in listed.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    else:
        yield listed
