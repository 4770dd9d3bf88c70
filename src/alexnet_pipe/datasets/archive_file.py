"""Archive files on the disk: opening them, copying them, and packing anew those that cannot be read in place."""

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from alexnet_pipe.base.files import required
from alexnet_pipe.base.progress import progress
from alexnet_pipe.datasets.archive import Archive, check_total, damaged
from alexnet_pipe.datasets.folder import is_hidden, path_parts
from alexnet_pipe.datasets.pack import Content, pack
from alexnet_pipe.datasets.place import CHUNK
from alexnet_pipe.datasets.tar_archive import Headers, TarArchive, check_entry, entries
from alexnet_pipe.datasets.zip_archive import ZipArchive

_ENDINGS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar", ".zip")
_DECODERS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    rb"\x1f\x8b": gzip.open,  # type: ignore[dict-item]
    rb"BZh[1-9](1AY&SY|\x17rE8P\x90)": bz2.open,  # A tar archive may begin with the folder "BZhang".
    rb"\xfd7zXZ\0": lzma.open,
}
"""By the pattern of the first bytes."""
_MEGABYTE = 1_000_000


def open_archive(path: Path, where: str | None = None) -> Archive:
    """Open a zip archive or an uncompressed tar archive; also a context manager.

    Args:
        path: The archive; the ending `.tar` makes it a tar archive.
        where: What messages call the archive, if not `path`.

    Raises:
        UserError: if the archive is missing or damaged, or one of its members is encrypted, a bomb, neither a file nor
            a folder, compressed in a way that cannot be read, or has a name that is absolute, contains `..` or a zero
            byte, or is not valid UTF-8.
    """
    kind = TarArchive if path.name.lower().endswith(".tar") else ZipArchive
    archive = kind(required(path), where or str(path))
    try:
        archive.check()
    except BaseException:
        archive.close()
        raise
    return archive


def ending_of(path: Path) -> str:
    """The ending of an archive's name, as it is written there; empty for other files."""
    length = next((len(ending) for ending in _ENDINGS if path.name.lower().endswith(ending)), 0)
    return path.name[-length:] if length else ""


def is_zip(path: Path) -> bool:
    """Whether the name says that it is a zip archive; otherwise it is a tar archive."""
    return path.name.lower().endswith(".zip")


def is_indexable(path: Path) -> bool:
    """Whether the members of the archive `path` can be read in place.

    Raises:
        UserError: as `open_archive`.
    """
    if not is_zip(path):
        return _decoder(path) is None
    with open_archive(path) as archive:
        return archive.in_place


def copy_archive(source: Path, target: Path) -> None:
    """Copy an archive as it is; errors as `open_archive`."""
    with open_archive(source), source.open("rb") as file, target.open("wb") as out, _megabytes(source, file) as show:
        while chunk := file.read(CHUNK):
            out.write(chunk)
            show()


def repack(source: Path, target: Path) -> None:
    """Pack the visible members of any archive into the zip archive `target`; errors as `open_archive`."""
    if is_zip(source):
        with open_archive(source) as archive:
            _pack_members(archive, target, source)
        return
    unpacked = target.with_name("unpacked.tar")
    try:
        with damaged(str(source)):
            _unpack_tar(source, unpacked)
        with open_archive(unpacked, str(source)) as archive:
            _pack_members(archive, target, source)
    finally:
        unpacked.unlink(missing_ok=True)


def _pack_members(archive: Archive, target: Path, source: Path) -> None:
    members = {name: member for member in archive.members() if (name := _visible(member.name))}
    total, packed = 0, source.stat().st_size
    for name, member in members.items():
        total += member.place.bytes
        check_total(name, total, packed, str(source))
    files = {name: Content(found.place.bytes, partial(archive.chunks, found)) for name, found in members.items()}
    pack(target, files, {name for folder in archive.folders() if (name := _visible(folder))})


def _unpack_tar(source: Path, target: Path) -> None:
    """Write a tar file without compression, no byte of a member before that member has been checked."""
    decoder, packed, where = _decoder(source) or (lambda file: file), source.stat().st_size, str(source)
    with source.open("rb") as raw, _megabytes(source, raw) as show, tarfile.open(target, "w") as out:
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


def _decoder(path: Path) -> Callable[[IO[bytes]], IO[bytes]] | None:
    with path.open("rb") as file:
        start = file.read(10)
    return next((decoder for magic, decoder in _DECODERS.items() if re.match(magic, start)), None)


@contextmanager
def _megabytes(path: Path, file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """Progress of reading `file`, which is `path`: a function to call now and then."""
    done = 0
    with progress("download", path.stat().st_size // _MEGABYTE, "MB read") as advance:

        def show() -> None:
            nonlocal done
            if (now := file.tell() // _MEGABYTE) > done:
                advance(now - done)
                done = now

        yield show
