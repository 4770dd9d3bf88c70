"""Source `directory`: photographs that are on the disk already, as folders, as an archive, or as text lists."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from alexnet_pipe.datasets.archive import CHUNK, open_archive
from alexnet_pipe.datasets.damage import damaged
from alexnet_pipe.datasets.folder import pack_folder
from alexnet_pipe.datasets.names import checked_name, is_hidden, path_parts
from alexnet_pipe.datasets.pack import Content, pack
from alexnet_pipe.datasets.text_list import lists_in, pack_lists
from alexnet_pipe.errors import UserError
from alexnet_pipe.progress import progress

_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar", ".zip")
_DECODERS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": gzip.open,  # type: ignore[dict-item]
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_MEGABYTE = 1_000_000


class Directory:
    """Photographs at `location`, relative to the current folder; `~` is the home folder."""

    def __init__(self, location: str) -> None:
        # Path.expanduser raises for an unknown user; this leaves the path as it is, to be reported as missing.
        self.location = Path(os.path.expanduser(location))  # noqa: PTH111

    def fetch(self, folder: Path) -> Path:
        """Copy an archive into `folder`, or pack folders and lists into one there; returns the archive.

        A compressed tar archive is packed anew, because its members can only be read from the start.

        Raises:
            UserError: if the location is missing, damaged, or none of the known kinds.
        """
        location = self.location
        archive = folder / f"{self._name()}.zip"
        if location.is_dir():
            lists = lists_in(location)
            return pack_lists(lists, archive) if lists else pack_folder(location, archive)
        if not location.exists():
            raise UserError(f"dataset.location: {location} does not exist (seen from {Path.cwd()}): correct the path")
        if location.is_file() and location.suffix.lower() == ".txt":
            return pack_lists({location: "train"}, archive)
        if location.is_file() and _archive_ending(location.name):
            return _fetch_archive(location, archive)
        raise UserError(
            f"dataset.location: {location} is neither a folder nor a text list (.txt) nor an archive "
            f"({', '.join(_ARCHIVES)}): point to one of these"
        )

    def _name(self) -> str:
        name = self.location.resolve().name
        if not self.location.is_dir():
            name = name.removesuffix(name[-len(_archive_ending(name)) :]) if _archive_ending(name) else Path(name).stem
        return checked_name(name, str(self.location)) or "photographs"


def _archive_ending(name: str) -> str:
    return next((ending for ending in _ARCHIVES if name.lower().endswith(ending)), "")


def _fetch_archive(location: Path, archive: Path) -> Path:
    where = str(location)
    zipped = location.name.lower().endswith(".zip")
    decoder = None if zipped else _decoder(location)
    if decoder:
        return _repack(location, archive, decoder)
    target = archive if zipped else archive.with_suffix(".tar")
    with open_archive(location, where):
        _copy(location, target, "MB copied")
    return target


def _decoder(location: Path) -> Callable[[IO[bytes]], IO[bytes]] | None:
    with location.open("rb") as file:
        start = file.read(8)
    return next((decoder for magic, decoder in _DECODERS.items() if start.startswith(magic)), None)


def _repack(location: Path, archive: Path, decoder: Callable[[IO[bytes]], IO[bytes]]) -> Path:
    unpacked = archive.with_name("unpacked.tar")
    with damaged(str(location)):
        _copy(location, unpacked, "MB unpacked", decoder)
    with open_archive(unpacked, str(location)) as tar:
        members = {name: member for member in tar.members() if (name := _visible(member.name))}
        files = {name: Content(member.size, partial(tar.chunks, member.name)) for name, member in members.items()}
        pack(archive, files, {name for folder in tar.folders() if (name := _visible(folder))})
    unpacked.unlink()
    return archive


def _visible(name: str) -> str:
    parts = path_parts(name)
    return "" if any(map(is_hidden, parts)) else "/".join(parts)


def _copy(source: Path, target: Path, unit: str, decoder: Callable[[IO[bytes]], IO[bytes]] | None = None) -> None:
    total = source.stat().st_size // _MEGABYTE
    done = 0
    with source.open("rb") as raw, target.open("wb") as out, progress("download", total, unit) as advance:
        stream = decoder(raw) if decoder else raw
        while chunk := stream.read(CHUNK):
            out.write(chunk)
            if (now := raw.tell() // _MEGABYTE) > done:
                advance(now - done)
                done = now
