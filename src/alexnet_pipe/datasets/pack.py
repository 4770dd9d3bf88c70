"""Pack files into one zip archive whose bytes depend on the files' names and contents alone.

So is packed anew what cannot be read in place: compressed archives, photographs in archives or Parquet files inside.
"""

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import progress, say
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.archive import Archive, check_total, damaged
from alexnet_pipe.datasets.archive_file import decoder_of, is_zip, megabytes_read, open_archive
from alexnet_pipe.datasets.archive_formats import Headers, check_entry, entries
from alexnet_pipe.datasets.folder import (
    Folder,
    checked_name,
    ending_of,
    inner_containers,
    is_hidden,
    is_parquet,
    path_parts,
)
from alexnet_pipe.datasets.folders.folder_names import POINT_THERE, split_in
from alexnet_pipe.datasets.parquet_rows import unpack_parquet
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


MOST_INSIDE = 500
"""Archives and Parquet files inside one archive or folder; all of them are open at a time."""


def repack(source: Path, target: Path) -> None:
    """Pack the visible members of any archive, or the images of a Parquet file, into the zip archive `target`.

    If it has photographs only in archives or Parquet files, theirs take the place of these: `train/1.jpg` in `a.zip`
    becomes `a/train/1.jpg`.

    Raises:
        UserError: as `open_archive`.
    """
    with _unpacking(target, source.stat().st_size, str(source)) as unpacking:
        archive = unpacking.opened(source, str(source))
        folders = {name for folder in archive.folders() if (name := _visible(folder))}
        pack(target, unpacking.unfolded(unpacking.members(archive)), folders)


def pack_folder(found: Folder, target: Path, where: str) -> None:
    """Pack the files of a folder into the zip archive `target`, as `repack` those of an archive."""
    files = {name: file_content(path) for name, path in found.files.items()}
    with _unpacking(target, sum(content.size for content in files.values()), where) as unpacking:
        pack(target, unpacking.unfolded(files), found.empty)


class _Unpacking:
    """Archives that are open while they are packed anew."""

    def __init__(self, folder: Path, packed: int, where: str, stack: ExitStack) -> None:
        """`folder` is for what has to be unpacked first; all of it comes from `packed` bytes."""
        self._folder, self._packed, self._where, self._stack = folder, packed, where, stack
        self._total = self._files = 0

    def opened(self, path: Path, where: str) -> Archive:
        """An archive whose members can be read one by one."""
        if is_parquet(path.name):
            path, compressed = self._unused(".tar"), path
            unpack_parquet(compressed, path, self._packed, where)
        elif not is_zip(path) and decoder_of(path):
            path, compressed = self._unused(".tar"), path
            with damaged(where):
                _unpack_tar(compressed, path, self._packed, where)
        return self._stack.enter_context(open_archive(path, where))

    def members(self, archive: Archive) -> dict[str, Content]:
        """The visible members of an archive, which may not be a bomb."""
        members = {name: member for member in archive.members() if (name := _visible(member.name))}
        for name, member in members.items():
            self._total += member.place.bytes
            check_total(name, self._total, self._packed, self._where)
        return {name: Content(found.place.bytes, partial(archive.chunks, found)) for name, found in members.items()}

    def unfolded(self, files: Mapping[str, Content]) -> Mapping[str, Content]:
        """`files`; if the photographs are in archives and Parquet files among them, with what is in those instead."""
        inside = inner_containers(files)
        if not inside:
            return files
        if len(inside) > MOST_INSIDE:
            raise UserError(f"{self._where} has {len(inside):,} archives inside, more than {MOST_INSIDE}: unpack them")
        _refuse_configurations(inside, self._where)
        found = {name: content for name, content in files.items() if name not in inside}
        for name in inside:
            path = self._unused(ending_of(PurePosixPath(name)).lower() or ".parquet")
            with path.open("wb") as out:
                out.writelines(files[name].chunks())
            below = self.members(self.opened(path, f"{self._where}, {name}"))
            path.unlink()  # It is open, if it is still needed.
            folder = _folder_for(name, inside, found)
            found |= {f"{folder}/{member}": content for member, content in below.items()}
        names = ", ".join(inside[:3]) + (", …" if len(inside) > 3 else "")
        say(f"download: packed anew with what is in {len(inside):,} files inside ({printable(names)})")
        return found

    def _unused(self, ending: str) -> Path:
        self._files += 1
        return self._folder / f"{self._files}{ending}"


@contextmanager
def _unpacking(target: Path, packed: int, where: str) -> Iterator[_Unpacking]:
    with TemporaryDirectory(prefix=".unpacked-", dir=target.parent) as folder, ExitStack() as stack:
        yield _Unpacking(Path(folder), packed, where, stack)


def _refuse_configurations(containers: Iterable[str], where: str) -> None:
    """Folders of Parquet files that each hold the same split are the same photographs in other forms."""
    splits: dict[str, str] = {}
    for name in filter(is_parquet, containers):
        parts = path_parts(name)
        split = next(filter(None, map(split_in, reversed(parts))), None)
        folder = "/".join(part for part in parts[:-1] if not split_in(part))
        if split and splits.setdefault(split, folder) != folder:
            raise UserError(
                f"{where}: {splits[split]!r} and {folder!r} each hold the split {split} in Parquet, so they look like "
                f"versions of one set: point dataset.location to one of them {POINT_THERE}"
            )


def _folder_for(container: str, others: Sequence[str], files: Iterable[str]) -> str:
    """The name of a container without its ending, if nothing else is called so."""
    stem = _stem(container)
    taken = [*map(_stem, others)].count(stem) > 1 or any(f"{name}/".startswith(f"{stem}/") for name in files)
    return container if taken else stem


def _stem(container: str) -> str:
    return container[: -len(ending_of(PurePosixPath(container)) or ".parquet")]


def _unpack_tar(source: Path, target: Path, packed: int, where: str) -> None:
    """Write a tar file without compression, no byte of a member before that member has been checked."""
    decoder = decoder_of(source) or (lambda file: file)
    with source.open("rb") as raw, megabytes_read(source, raw) as show, tarfile.open(target, "w") as out:
        stream = decoder(raw)
        headers = Headers(stream)
        with tarfile.open(fileobj=headers, mode="r:") as tar:  # type: ignore[call-overload]
            for entry in entries(tar, headers):
                check_entry(entry, packed, where)
                check_total(entry.name, entry.offset_data + entry.size, packed, where)
                out.addfile(entry, tar.extractfile(entry) if entry.isreg() else None)
                out.members = []  # type: ignore[attr-defined] # It would remember every entry.
                show()
        while stream.read(CHUNK):  # To the end, where the checksum is.
            check_total("what follows the end", stream.tell(), packed, where)


def _visible(name: str) -> str:
    parts = path_parts(name)
    return "" if any(map(is_hidden, parts)) else "/".join(parts)
