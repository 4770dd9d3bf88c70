"""Files of others, before anything in them is believed: what they are, and zip archives that are bounded."""

import os
import re
from collections import Counter
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

START = 4096
"""Bytes that tell them."""

_KINDS = {
    rb"\Z": "is empty: it was not fetched whole; fetch it again",
    rb"version https://git-lfs": "is a pointer of Git LFS, and not the file that it stands for: "
    "run `git lfs pull` where it lies",
    rb"(?i)\s*(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)": "is a web page that was saved in the file's place: "
    "open its address in a browser, and download the file itself",
    rb"\x89HDF\r\n\x1a\n": "is an HDF5 file, as Keras' old .h5 or its .weights.h5: nothing in it says what its numbers "
    "belong to; give a .keras file that this project has made, or `import-weights` with --like MODEL, a model of the "
    "same network",
    rb"MATLAB 7\.3": "is a MATLAB file of the form 7.3: save it in MATLAB as save(FILE, '-v7', …)",
    rb"\x1f\x8b|BZh[1-9]1AY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!": "is compressed: unpack it, and give the file "
    "that is in it",
    rb"(?s).{257}ustar": "is a tar archive: unpack it, and give the file that is in it",
    rb"(?s).{4}TFL3": "is a model of TensorFlow Lite, which is made to be run, not to be read: get the weights that it "
    "was made of",
    rb"\xff\xd8\xff|\x89PNG|GIF8": "is a photograph",
}


def stranger(start: bytes) -> str:
    """What a file is that begins so, and what to do instead, as the end of a sentence; empty if nothing is known.

    Args:
        start: The first `START` bytes, or all if there are fewer.
    """
    found = next((text for pattern, text in _KINDS.items() if re.match(pattern, start)), "")
    return found or (_TEXT if _is_text(start) else "")


_TEXT = "is text, and no file of weights: a .prototxt or a list says what a network is, not what it has learned"


def _is_text(start: bytes) -> bool:
    return len(start) > 8 and re.fullmatch(rb"[\t\n\r\x20-\x7e]+", start) is not None


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
