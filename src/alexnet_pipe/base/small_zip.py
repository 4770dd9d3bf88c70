"""Zip archives of a few entries, such as files of models: bounded before anything in them is read."""

import os
from collections import Counter
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

_DIRECTORY = 2**22
"""Bytes: room for ten thousand names and more."""
_END, _LOCATOR, _RECORD = 22, 20, 56
"""Bytes of zip's end record, and of the two that stand before it in files of the large form (zip64)."""


def open_zip(file: BinaryIO) -> ZipFile:
    """The archive in a seekable file, with a directory of at most 4 MiB, and with names that mean one entry each.

    Raises:
        ValueError: if it has more, another end, names twice or from outside, or entries that are encrypted, or
            compressed in another way than zip's own.
        zipfile.BadZipFile: if it is damaged, or no archive.
    """
    if _directory_bytes(file) > _DIRECTORY:
        raise ValueError("its directory is too large")
    archive = ZipFile(file)
    for name, times in Counter(archive.namelist()).items():
        if times > 1 or name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise ValueError(f"an entry {name!r} where there can be none")
    for entry in archive.infolist():
        if entry.flag_bits & 1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise ValueError(f"{entry.filename!r} is encrypted or compressed in an unknown way")
    return archive


def _directory_bytes(file: BinaryIO) -> int:
    """As the end of the file says, where `zipfile` looks as well."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END - _LOCATOR - _RECORD))
    tail = file.read()
    end, locator, record = tail[-_END:], tail[-_END - _LOCATOR : -_END], tail[: -_END - _LOCATOR]
    if not end.startswith(b"PK\x05\x06"):
        raise ValueError("it does not end as a zip archive does")
    if locator.startswith(b"PK\x06\x07") and record.startswith(b"PK\x06\x06"):
        return int.from_bytes(record[40:48], "little")
    return int.from_bytes(end[12:16], "little")
