"""Pack files into one zip archive whose bytes depend on the files' names and contents alone."""

import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from alexnet_pipe.base.progress import progress
from alexnet_pipe.datasets.folder import checked_name
from alexnet_pipe.datasets.place import CHUNK

_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


class Content(NamedTuple):
    """What a member will hold: its size in bytes, and a function that reads it a piece at a time."""

    size: int
    chunks: Callable[[], Iterator[bytes]]


def file_content(path: Path) -> Content:
    """The content of a file on the disk; read when it is packed."""
    return Content(path.stat().st_size, partial(_read, path))


def pack(archive: Path, files: Mapping[str, Content], empty_folders: Iterable[str] = ()) -> Path:
    """Write `files` (by member name) and `empty_folders` into the zip file `archive`; returns it.

    Members are sorted, stored without compression (photographs do not shrink), and have fixed dates and modes, so
    equal files make equal bytes. One piece of one file is in memory at a time.

    Raises:
        UserError: if a name is not valid UTF-8.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(empty_folders):
            target.writestr(_info(f"{name}/", stat.S_IFDIR | 0o755), b"")
        with progress("download", len(files), "files packed") as advance:
            for name in sorted(files):
                _add(target, checked_name(name, archive.stem), files[name])
                advance()
    return archive


def _add(target: zipfile.ZipFile, name: str, content: Content) -> None:
    info = _info(name, stat.S_IFREG | 0o644)
    info.file_size = content.size
    with target.open(info, "w") as member:
        for chunk in content.chunks():
            member.write(chunk)


def _info(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.create_system = _UNIX
    info.external_attr = mode << 16
    return info


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
