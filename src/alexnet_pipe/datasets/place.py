"""Where the bytes of a photograph lie, in which container, and how to read them: one seek, no table of contents."""

import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import home

CHUNK = 1 << 20
"""Bytes read at a time."""

WHOLE_FILE = -1
"""The offset of a photograph that is a file of its own."""

REFERENCE = "location.json"
"""The only file in `data/source` if the data set is left in place: it says where that is."""

FOLDER = "."
"""The container of photographs that are files of their own."""


class Place(NamedTuple):
    """The bytes of one file inside a container.

    Attributes:
        offset: Where they begin in the container, in bytes; `WHOLE_FILE` if the container is a folder.
        packed: How many there are.
        bytes: How many they unpack to.
        deflated: Whether they are deflated (RFC 1951); otherwise they are the content itself.
    """

    offset: int
    packed: int
    bytes: int
    deflated: bool = False


class Container:
    """A folder, or an archive of which only the places matter; open it once in each process that reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = None if path.is_dir() else path.open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def chunks(self, member: str, place: Place) -> Iterator[bytes]:
        """The content of `member`, which lies at `place`, a piece at a time, and hardly more than `place.bytes` bytes.

        Raises:
            EOFError: if the content is shorter than it should be, or a file of its own is longer.
            zlib.error: if deflated bytes are damaged.
        """
        if self._file is None:
            with (self._path / member).open("rb") as file:
                # One byte more, to see whether the file has grown.
                yield from _whole(_raw(file, place.packed + 1), place)
        else:
            yield from content_at(self._file, place)

    def read(self, member: str, place: Place) -> bytes:
        """The whole content of `member`; errors as `chunks`."""
        return b"".join(self.chunks(member, place))


def leave_in_place(source: Path, location: str) -> None:
    """Note in the existing folder `source` that the containers lie in the folder `location`."""
    (source / REFERENCE).write_text(json.dumps({"location": location}, ensure_ascii=False) + "\n", encoding="utf-8")


def container_path(source: Path, container: str) -> Path:
    """The absolute path of a manifest's container.

    Raises:
        UserError: if it is not there.
    """
    reference = source / REFERENCE
    folder = expanded(json.loads(reference.read_text(encoding="utf-8"))["location"]) if reference.exists() else source
    path = folder / container
    if not path.exists():
        remedy = "mount or restore it" if reference.exists() else "run `dvc checkout` to restore it"
        raise UserError(f"{path} is missing: {remedy}, or run `dvc repro --force --single-item download`")
    return path.resolve()


def expanded(location: str) -> Path:
    """`location` as a path, seen from the project; `~` is the user's home folder."""
    # Path.expanduser raises for an unknown user; this leaves the path as it is, to be reported as missing.
    return home() / os.path.expanduser(location)  # noqa: PTH111


def content_at(file: IO[bytes], place: Place) -> Iterator[bytes]:
    """The content that lies at `place` in an archive's file; pieces and errors as `Container.chunks`."""
    raw = packed_at(file, place)
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    yield from _whole(unpacked(raw, decoder, place.bytes) if place.deflated else raw, place)


def packed_at(file: IO[bytes], place: Place) -> Iterator[bytes]:
    """The bytes that lie at `place`, as they are stored."""
    file.seek(place.offset)
    yield from _raw(file, place.packed)


def unpacked(raw: Iterator[bytes], decoder: Any, left: int) -> Iterator[bytes]:
    """What a decompressor of `zlib`, `bz2` or `lzma` makes of `raw`, and never more than `left` bytes."""
    for packed in raw:
        while left and not decoder.eof:
            chunk = decoder.decompress(packed, min(left, CHUNK))
            packed = getattr(decoder, "unconsumed_tail", b"")  # The others keep it themselves.
            if not chunk:
                break
            left -= len(chunk)
            yield chunk


def _whole(chunks: Iterator[bytes], place: Place) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        yield chunk
    if size != place.bytes:
        raise EOFError(f"it has {size:,} bytes of {place.bytes:,}")


def _raw(file: IO[bytes], left: int) -> Iterator[bytes]:
    while left and (chunk := file.read(min(left, CHUNK))):
        left -= len(chunk)
        yield chunk
