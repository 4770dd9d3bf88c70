"""Uncompressed tar archives, as their headers describe them; also one tar archive inside another."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from alexnet_pipe.datasets.archive import Archive, Member, check_name, check_size, damaged, refusal
from alexnet_pipe.datasets.place import Place, content_at

_LONGEST_READ = 1 << 16
"""Bytes of the longest header: tarfile takes seconds for 64 KB that are made for it, and hours for a megabyte."""


class TarArchive(Archive):
    """A tar file, or the tar file that begins at byte `start` of another and has `size` bytes."""

    def __init__(self, path: Path, where: str, start: int = 0, size: int | None = None) -> None:
        super().__init__(where)
        self._file = path.open("rb")
        self._end = path.stat().st_size if size is None else start + size
        self._members: dict[str, Member] = {}
        self._folders: list[str] = []
        try:
            self._file.seek(start)
            self._headers = Headers(self._file)
            with damaged(where):
                self._tar = tarfile.open(fileobj=self._headers, mode="r:")  # type: ignore[call-overload] # noqa: SIM115
        except BaseException:
            self._file.close()
            raise

    def check(self) -> None:
        with damaged(self._where):
            for entry in entries(self._tar, self._headers):
                check_entry(entry, entry.size, self._where)
                if self._tar.offset > self._end:
                    raise tarfile.ReadError(f"{entry.name!r} has {entry.size:,} bytes, more than are left")
                if entry.isdir():
                    self._folders.append(entry.name)
                else:
                    self._members[entry.name] = Member(entry.name, Place(entry.offset_data, entry.size, entry.size))
            if self._tar.offset + tarfile.BLOCKSIZE > self._end:  # What follows this one may have an end of its own.
                raise tarfile.ReadError("it ends too early")

    def members(self) -> list[Member]:
        return list(self._members.values())

    def folders(self) -> list[str]:
        return self._folders

    def close(self) -> None:
        self._tar.close()
        self._file.close()

    def _content(self, member: Member) -> Iterator[bytes]:
        return content_at(self._file, member.place)


class Headers:
    """The file of a tar archive as tarfile reads it: never more at a time than an honest header or a buffer holds."""

    def __init__(self, file: IO[bytes]) -> None:
        self.seek, self.tell = file.seek, file.tell
        self._file, self.last = file, b""

    def read(self, size: int) -> bytes:
        """
        Raises:
            tarfile.ReadError: if that is too much.
        """
        if not 0 <= size <= _LONGEST_READ:
            raise tarfile.ReadError(f"a header of {size:,} bytes at byte {self.tell():,}")
        self.last = self._file.read(size)
        return self.last


def entries(tar: tarfile.TarFile, headers: Headers) -> Iterator[tarfile.TarInfo]:
    """Every entry of a tar archive, each forgotten when the next one is read.

    Raises:
        tarfile.ReadError: for entries that lead backwards, and if the archive has no end: tarfile takes a broken or
            missing header in mid-file for the end, and would drop the rest silently.
    """
    while entry := tar.next():
        if entry.size < 0 or tar.offset < entry.offset_data:
            raise tarfile.ReadError(f"{entry.name!r} has {entry.size:,} bytes")
        yield entry
        tar.members = []  # type: ignore[attr-defined]
    if not headers.last or headers.last.strip(b"\0"):
        raise tarfile.ReadError(f"no valid header at byte {tar.offset:,}")


def check_entry(entry: tarfile.TarInfo, packed: int, where: str) -> None:
    """Refuse a hostile entry, which takes `packed` bytes of a file; errors as `open_archive`."""
    check_name(entry.name, where)
    if not (entry.isreg() or entry.isdir()):
        raise refusal(where, entry.name, "is a link or a device", "with the files themselves (`tar --dereference`)")
    if entry.issparse():
        raise refusal(where, entry.name, "is a sparse file", "without `--sparse`")
    check_size(entry.name, entry.size, packed, where)
