"""Small data sets: files whose content is their own name, unless it is given."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.pack import repack


def named(names: Iterable[str]) -> dict[str, bytes]:
    return {name: name.encode() for name in names}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], compression: str = "", **options: Any) -> Path:
    with tarfile.open(path, f"w:{compression}", **options) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return path


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def patched(path: Path, old: bytes, new: bytes, which: int = 0) -> Path:
    """Put `new` over the bytes at the occurrence `which` of `old`."""
    content, at = path.read_bytes(), -1
    for _ in range(which + 1):
        at = content.index(old, at + 1)
    path.write_bytes(content[:at] + new + content[at + len(new) :])
    return path


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.linkname = (
        kind,
        size,
        "" if kind in (tarfile.REGTYPE, tarfile.DIRTYPE) else "/etc/passwd",
    )
    return entry


def write_entries(path: Path, entries: Iterable[tuple[tarfile.TarInfo, bytes]], compression: str = "") -> Path:
    with tarfile.open(path, f"w:{compression}") as archive:  # type: ignore[call-overload]
        for entry, content in entries:
            archive.addfile(entry, BytesIO(content))
    return path


def written_below(folder: Path) -> bytes:
    """All bytes of all files in a folder, and their names."""
    return b"".join(str(path).encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file())


PACKERS = {"gz": gzip, "bz2": bz2, "xz": lzma}
"""By the word that tarfile has for each."""


def repack_refused(source: Path, packed: Path, message: str) -> None:
    """Packing `source` anew ends in one line, and leaves nothing half done."""
    with pytest.raises(UserError, match=message) as caught:
        repack(source, packed)
    assert "\n" not in str(caught.value)
    assert not (packed.parent / "unpacked.tar").exists()
