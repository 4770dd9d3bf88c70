"""How files are written: aside, flushed to the disk, then renamed."""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import way_back

if TYPE_CHECKING:
    import pandas as pd

_PARTIAL = ".partial"


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A path beside `path` to write a file or folder to; it takes the place of `path` if the block succeeds.

    A process that dies inside the block leaves `path` as it was; what it left aside is removed next time.

    Raises:
        UserError: if nothing can be written there.
    """
    aside = _aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left(path)
        aside.touch()
        aside.unlink()
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        reason = error.strerror if path.parent.is_dir() else f"{path.parent} can be no folder"
        raise UserError(f"{path} cannot be written ({reason}): name another place") from None
    try:
        yield aside
        take_place(path, aside)
    finally:
        _remove(aside)


def take_place(path: Path, new: Path) -> None:
    """Put the file or folder `new`, which may lie on another file system, in the place of `path`.

    Its bytes are on the disk before they get their name, and what was there goes after that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = new if new.parent == path.parent else _moved(new, _aside(path))
    for written in [*beside.rglob("*"), beside]:
        if not written.is_symlink():
            _flush(written)
    if path.is_dir():
        # A folder cannot be renamed onto another.
        old = path.rename(_aside(path))
        beside.rename(path)
        _remove(old)
    else:
        beside.replace(path)
    _flush(path.parent)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as indented JSON."""
    with written_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing file names the stage's missing input."""
    with undamaged(required(path)):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("no JSON object")
        return content


def load_table(path: Path, columns: list[str] | None = None) -> "pd.DataFrame":
    """Read a table in Parquet or CSV; a missing or damaged file is told by its name."""
    import pandas as pd

    with undamaged(required(path)):
        if path.suffix == ".csv":
            return pd.read_csv(path, usecols=columns)
        return pd.read_parquet(path, columns=columns)


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """What a library says of a damaged file, in one line that names the file and how to get it back."""
    try:
        yield
    except (ValueError, EOFError, IsADirectoryError) as error:
        reason = "a folder" if isinstance(error, IsADirectoryError) else " ".join(str(error).split())[:200]
        raise UserError(f"{path} is damaged ({reason}): {way_back(path)}") from None


def required(path: Path) -> Path:
    """`path` itself, or an error that says how to make it."""
    if not path.exists():
        raise UserError(f"{path} is missing: run `dvc repro` to make it, or `dvc checkout` to restore it")
    return path


def _aside(path: Path) -> Path:
    """A name that no other writer of `path` uses."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{_PARTIAL}")


def place_of(aside: str) -> str:
    """The path that a file with the name `aside`, or in a folder with that name, is to take; or else that name."""
    return re.sub(rf"(^|/)\.([^/]+)\.\d+-[0-9a-f]{{8}}{re.escape(_PARTIAL)}(?=/|$)", r"\1\2", aside)


def _moved(path: Path, to: Path) -> Path:
    try:
        return Path(shutil.move(path, to))
    except OSError:  # The disk is full, say.
        _remove(to)
        raise


def _remove_left(path: Path) -> None:
    """Remove what writers of `path` left aside that are no longer alive."""
    for left in path.parent.glob(f".{escape(path.name)}.*-*{_PARTIAL}*"):
        writer = left.name.removeprefix(f".{path.name}.").partition("-")[0]
        # A container gives its processes the same numbers each time it starts.
        if writer.isdecimal() and (int(writer) == os.getpid() or not psutil.pid_exists(int(writer))):
            _remove(left)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
