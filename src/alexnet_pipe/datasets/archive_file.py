"""Archive files on the disk: opening them, copying them, and whether they can be read in place."""

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from alexnet_pipe.base.files import required
from alexnet_pipe.base.progress import progress
from alexnet_pipe.datasets.archive import Archive
from alexnet_pipe.datasets.archive_formats import TarArchive, ZipArchive
from alexnet_pipe.datasets.folder import ending_of, inner_containers, is_parquet
from alexnet_pipe.datasets.place import CHUNK

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
        path: The archive; its ending says which of the two.
        where: What messages call the archive, if not `path`.

    Raises:
        UserError: if the archive is missing or damaged, or one of its members is encrypted, a bomb, neither a file nor
            a folder, compressed in a way that cannot be read, or has a name that is absolute, contains `..` or a zero
            byte, or is not valid UTF-8.
    """
    kind = TarArchive if ending_of(path) and not is_zip(path) else ZipArchive
    archive = kind(required(path), where or str(path))
    try:
        archive.check()
    except BaseException:
        archive.close()
        raise
    return archive


def is_zip(path: Path) -> bool:
    """Whether the name says that it is a zip archive; otherwise it is a tar archive."""
    return path.name.lower().endswith(".zip")


def obstacle(path: Path) -> str:
    """Why the photographs of the archive `path` cannot be read in place, and it has to be packed anew; or nothing.

    Raises:
        UserError: as `open_archive`.
    """
    if is_parquet(path.name) or (not is_zip(path) and decoder_of(path)):
        return "it is compressed"
    with open_archive(path) as archive:
        inside = inner_containers(member.name for member in archive.members())
        return ("" if archive.in_place else "it is compressed") or inside_it(inside)


def inside_it(containers: Sequence[str]) -> str:
    """What `obstacle` says of photographs in archives that lie in an archive or a folder."""
    names = ", ".join(map(repr, containers[:3])) + (", …" if len(containers) > 3 else "")
    return f"its photographs are in files inside it ({names})" if containers else ""


def copy_archive(source: Path, target: Path) -> None:
    """Copy an archive as it is; errors as `open_archive`."""
    with (
        open_archive(source),
        source.open("rb") as file,
        target.open("wb") as out,
        megabytes_read(source, file) as show,
    ):
        while chunk := file.read(CHUNK):
            out.write(chunk)
            show()


def decoder_of(path: Path) -> Callable[[IO[bytes]], IO[bytes]] | None:
    """What unpacks a compressed file, by its first bytes; None for others."""
    with path.open("rb") as file:
        start = file.read(10)
    return next((decoder for magic, decoder in _DECODERS.items() if re.match(magic, start)), None)


@contextmanager
def megabytes_read(path: Path, file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """Progress of reading `file`, which is `path`: a function to call now and then."""
    done = 0
    with progress("download", path.stat().st_size // _MEGABYTE, "MB read") as advance:

        def show() -> None:
            nonlocal done
            if (now := file.tell() // _MEGABYTE) > done:
                advance(now - done)
                done = now

        yield show
