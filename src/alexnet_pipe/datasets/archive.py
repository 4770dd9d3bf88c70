"""Read the members of a zip or tar archive in place; nothing is ever unpacked to the disk."""

import re
import stat
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, Self

from alexnet_pipe.artifacts import required
from alexnet_pipe.datasets.damage import damaged
from alexnet_pipe.datasets.names import checked_name, path_parts
from alexnet_pipe.errors import UserError

CHUNK = 1 << 20
"""Bytes read at a time."""

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
_ENCRYPTED = 0x1
_UNIX = 3


class Member(NamedTuple):
    """A file in an archive: its name as stored and its uncompressed size in bytes."""

    name: str
    size: int


class Archive(ABC):
    """Random access to the files of one archive; open it once in each process that reads it."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def check(self) -> None:
        """Refuse damaged archives and hostile members; errors as `open_archive`."""

    @abstractmethod
    def members(self) -> list[Member]:
        """Every file, in the archive's order; of two files of one name the later one."""

    @abstractmethod
    def folders(self) -> list[str]:
        """The names of all folder entries; an archive may have none."""

    @abstractmethod
    def close(self) -> None:
        """Close the archive's file."""

    @abstractmethod
    def _open(self, member: str) -> IO[bytes]:
        """The content of `member`; raises KeyError if there is none."""

    def chunks(self, member: str) -> Iterator[bytes]:
        """The content of `member`, a piece at a time.

        Raises:
            UserError: if the member is missing or damaged.
        """
        with damaged(f"{self._where}: member {member!r}"):
            try:
                stream = self._open(member)
            except KeyError:
                raise UserError(f"{self._where} has no member {member!r}: run `dvc repro` to index it again") from None
            with stream:
                while chunk := stream.read(CHUNK):
                    yield chunk

    def read(self, member: str) -> bytes:
        """The whole content of `member`; errors as `chunks`."""
        return b"".join(self.chunks(member))

    def _refuse_names(self, names: Iterable[str]) -> None:
        for name in names:
            checked_name(name, self._where)
            if _ABSOLUTE.match(name) or ".." in path_parts(name):
                self._refuse(name, "leads out of the archive", "without absolute paths and `..`")

    def _refuse(self, name: str, what: str, remedy: str) -> None:
        raise UserError(f"{self._where}: member {name!r} {what}: pack the archive again {remedy}")


class _Zip(Archive):
    def __init__(self, path: Path, where: str) -> None:
        super().__init__(where)
        with damaged(where):
            self._zip = zipfile.ZipFile(path)

    def check(self) -> None:
        self._refuse_names(self._zip.namelist())
        for info in self._zip.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                self._refuse(info.filename, "is a link or a device", "with the files themselves")
            if info.flag_bits & _ENCRYPTED:
                self._refuse(info.filename, "is encrypted", "without a password")

    def members(self) -> list[Member]:
        files = {info.filename: info.file_size for info in self._zip.infolist() if not _is_folder(info)}
        return [Member(name, size) for name, size in files.items()]

    def folders(self) -> list[str]:
        return [info.filename for info in self._zip.infolist() if _is_folder(info)]

    def close(self) -> None:
        self._zip.close()

    def _open(self, member: str) -> IO[bytes]:
        return self._zip.open(member)


class _Tar(Archive):
    def __init__(self, path: Path, where: str) -> None:
        super().__init__(where)
        with damaged(where):
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115
        self._entries: dict[str, tarfile.TarInfo] = {}

    def check(self) -> None:
        with damaged(self._where):
            self._entries = {entry.name: entry for entry in self._tar.getmembers()}
            self._refuse_missing_end()
        self._refuse_names(self._entries)
        for name, entry in self._entries.items():
            if not (entry.isreg() or entry.isdir()):
                self._refuse(name, "is a link or a device", "with the files themselves (`tar --dereference`)")

    def members(self) -> list[Member]:
        return [Member(name, entry.size) for name, entry in self._entries.items() if entry.isreg()]

    def folders(self) -> list[str]:
        return [name for name, entry in self._entries.items() if entry.isdir()]

    def close(self) -> None:
        self._tar.close()

    def _open(self, member: str) -> IO[bytes]:
        content = self._tar.extractfile(self._entries[member])
        if content is None:
            raise KeyError(member)
        return content

    def _refuse_missing_end(self) -> None:
        # tarfile takes a broken or missing header in mid-file for the end, and would drop the rest silently.
        assert self._tar.fileobj is not None
        self._tar.fileobj.seek(self._tar.offset)
        block = self._tar.fileobj.read(tarfile.BLOCKSIZE)
        if not block or block.strip(b"\0"):
            raise tarfile.ReadError(f"no valid header at byte {self._tar.offset:,}")


def open_archive(path: Path, where: str | None = None) -> Archive:
    """Open a zip archive, or an uncompressed tar archive, for random access; also a context manager.

    Args:
        path: The archive; the ending `.tar` makes it a tar archive.
        where: What messages call the archive, if not `path`.

    Raises:
        UserError: if the archive is missing or damaged, or one of its members is encrypted, is neither a file nor a
            folder, or has a name that is absolute, contains `..` or is not valid UTF-8.
    """
    kind = _Tar if path.name.lower().endswith(".tar") else _Zip
    archive = kind(required(path), where or str(path))
    try:
        archive.check()
    except UserError:
        archive.close()
        raise
    return archive


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(("/", "\\"))
