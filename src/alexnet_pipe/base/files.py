"""How files are written: aside, then renamed."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write a file or folder to; it takes the place of `path` if the block succeeds.

    A process that dies inside the block leaves `path` as it was; what it left aside is removed next time.
    """
    aside = path.with_name(f".{path.name}.partial")
    _remove(aside)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield aside
        take_place(path, aside)
    finally:
        _remove(aside)


def take_place(path: Path, new: Path) -> None:
    """Put the file or folder `new` in the place of `path`; both lie on one file system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        _remove(path)
    new.replace(path)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing file names the stage's missing input."""
    content: dict[str, Any] = json.loads(required(path).read_text(encoding="utf-8"))
    return content


def required(path: Path) -> Path:
    """`path` itself, or an error that says how to make it."""
    if not path.exists():
        raise UserError(f"{path} is missing: run `dvc repro` to make it, or `dvc checkout` to restore it")
    return path


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
