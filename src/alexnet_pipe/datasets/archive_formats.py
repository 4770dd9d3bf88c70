"""Zip archives, as their central directory describes them; tar archives, as their headers do, also inside others."""

import bz2
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from alexnet_pipe.datasets.archive import Archive, Member, check_name, check_size, damaged, refusal
from alexnet_pipe.datasets.place import Place, content_at, packed_at, unpacked

_ENCRYPTED = 0x1
_UTF8 = 0x800
_UNIX, _DARWIN = 3, 19
_LOCAL_HEADER = struct.Struct("<4s2xH18xHH")
_LZMA_HEADER = struct.Struct("<2xH")
_END = struct.Struct("<10xH")
_ZIP64_END = struct.Struct("<32xQ")
_BEFORE_END = 20 + 56
"""Bytes of what zip64 puts before the end of the directory."""

_LONGEST_END = _BEFORE_END + 22 + 0xFFFF
_IN_PLACE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_READABLE = (*_IN_PLACE, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class ZipArchive(Archive):
    """A zip file; its members can be read in place if they are stored or deflated."""

    def __init__(self, path: Path, where: str) -> None:
        super().__init__(where)
        with damaged(where):
            self._zip = zipfile.ZipFile(path)
        self._files = {info.orig_filename: info for info in self._zip.infolist() if not _is_folder(info)}
        self.in_place = all(info.compress_type in _IN_PLACE for info in self._files.values())

    def check(self) -> None:
        with damaged(self._where):
            self._refuse_lost_entries()
        for info in self._zip.infolist():
            self._check_entry(info)
        # A small file can hold petabytes if its members share their bytes.
        end = 0
        for info in sorted(self._zip.infolist(), key=lambda info: info.header_offset):
            if info.header_offset < end:
                raise refusal(self._where, info.filename, "shares its bytes with another member", "without it")
            end = info.header_offset + _LOCAL_HEADER.size + info.compress_size

    def members(self) -> list[Member]:
        with damaged(self._where):
            return [Member(name, self._place(info), info.CRC) for name, info in self._files.items()]

    def folders(self) -> list[str]:
        return [info.orig_filename for info in self._zip.infolist() if _is_folder(info)]

    def close(self) -> None:
        self._zip.close()

    @property
    def _file(self) -> IO[bytes]:
        assert self._zip.fp is not None
        return self._zip.fp

    def _content(self, member: Member) -> Iterator[bytes]:
        method, crc = self._files[member.name].compress_type, 0
        chunks = content_at(self._file, member.place) if method in _IN_PLACE else self._unpacked(member.place, method)
        for chunk in chunks:
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if crc != member.crc:
            raise zipfile.BadZipFile("its checksum is wrong")

    def _unpacked(self, place: Place, method: int) -> Iterator[bytes]:
        """What zipfile would unpack, too, but without a limit: 4 KB of bzip2 can be 4 GB."""
        raw = packed_at(self._file, place)
        if method == zipfile.ZIP_BZIP2:
            return unpacked(raw, bz2.BZ2Decompressor(), place.bytes)
        return unpacked(_lzma_alone(raw), lzma.LZMADecompressor(lzma.FORMAT_ALONE), place.bytes)

    def _place(self, info: zipfile.ZipInfo) -> Place:
        file = self._file
        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
            raise zipfile.BadZipFile(f"no header of member {info.filename!r} at byte {info.header_offset:,}")
        _, flags, name_size, extra_size = _LOCAL_HEADER.unpack(header)
        name = file.read(name_size).decode("utf-8" if flags & _UTF8 else "cp437")
        if name != info.orig_filename:
            raise zipfile.BadZipFile(f"where member {info.orig_filename!r} should be is {name!r}")
        offset = info.header_offset + _LOCAL_HEADER.size + name_size + extra_size
        return Place(offset, info.compress_size, info.file_size, info.compress_type == zipfile.ZIP_DEFLATED)

    def _refuse_lost_entries(self) -> None:
        # A wrong length in one entry of the directory makes the next ones a part of it, and zipfile does not count.
        declared, found = _declared_entries(self._file), len(self._zip.infolist())
        if declared not in (found, found % 0x10000, 0xFFFF):
            raise zipfile.BadZipFile(f"its directory should have {declared:,} entries and has {found:,}")

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        check_name(info.orig_filename, self._where)
        kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system in (_UNIX, _DARWIN) else 0
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise refusal(self._where, info.filename, "is a link or a device", "with the files themselves")
        if info.flag_bits & _ENCRYPTED:
            raise refusal(self._where, info.filename, "is encrypted", "without a password")
        if info.compress_type not in _READABLE:
            method = zipfile.compressor_names.get(info.compress_type, info.compress_type)  # type: ignore[attr-defined]
            raise refusal(self._where, info.filename, f"is compressed by {method}", "by deflate")
        check_size(info.filename, info.file_size, info.compress_size, self._where)


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith(("/", "\\")) and not info.file_size


def _declared_entries(file: IO[bytes]) -> int:
    """How many entries the end of the directory tells of; 65,535 can be more, if it is not of the form zip64."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_END))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    (count,) = _END.unpack_from(tail, end)
    if count == 0xFFFF and tail[max(0, end - _BEFORE_END) :].startswith(b"PK\6\6"):
        (count,) = _ZIP64_END.unpack_from(tail, end - _BEFORE_END)
    return int(count)


def _lzma_alone(raw: Iterator[bytes]) -> Iterator[bytes]:
    """LZMA with the header of zip, as a file of the old format `.lzma` without a size."""
    content = b"".join(raw)
    (size,) = _LZMA_HEADER.unpack_from(content)
    start = _LZMA_HEADER.size
    yield content[start : start + size] + b"\xff" * 8 + content[start + size :]


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
