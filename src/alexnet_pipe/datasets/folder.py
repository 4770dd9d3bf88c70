"""Files of a data set: what their names say, and all those in a folder, hidden and system files left out."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from alexnet_pipe.base.errors import UserError

_SYSTEM = {
    *("_ds_store", "thumbs.db", "desktop.ini", "__macosx"),
    *("@eadir", "$recycle.bin", "system volume information", "lost+found"),
}
_IMAGE = re.compile(
    r"[^/\\]\.(jpe?g|jpe|jfif|png|gif|webp|tiff?|bmp|dib|p[bgnp]m|avifs?|jp2|j2[ck]|jp[cfx]"
    r"|hei[cf]|svg|psd|jxl|ico|exr|hdr|dds|qoi|raf|dng|cr2|nef|arw)\Z",
    re.IGNORECASE,
)
"""How names of images end, also of kinds that are not decoded: `resize` refuses those with a reason."""

_DIGEST = re.compile(r"(?<![0-9a-z])[0-9a-f]{30,128}(?![0-9a-z])")

_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar", ".zip")

# Archives made on Windows may separate folders with backslashes.
_SEPARATOR = re.compile(r"[/\\]")

_Identity = tuple[int, int]


def path_parts(name: str) -> tuple[str, ...]:
    """The folders and the file name in `name`, without empty parts and `.`."""
    return tuple(part for part in _SEPARATOR.split(name) if part not in ("", "."))


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name belongs to the operating system and not to the data set."""
    return part.startswith(".") or part.casefold() in _SYSTEM


def is_image_name(name: str) -> bool:
    """Whether the name ends as those of images do; a table or a list does not."""
    return _IMAGE.search(name) is not None


def ending_of(path: PurePath) -> str:
    """The ending of an archive's name, as it is written there; empty for other files."""
    length = next((len(ending) for ending in _ARCHIVES if path.name.lower().endswith(ending)), 0)
    return path.name[-length:] if length else ""


def is_parquet(name: str) -> bool:
    """Whether the name ends as those of Parquet files do."""
    return name.lower().endswith(".parquet")


def is_container_name(name: str) -> bool:
    """Whether the name ends as those of files do that may hold photographs: archives and Parquet files."""
    return bool(ending_of(PurePosixPath(name))) or is_parquet(name)


def inner_containers(names: Iterable[str]) -> list[str]:
    """The archives and Parquet files of a data set, if its photographs must be in there, for there are none beside."""
    visible = [name for name in names if not any(map(is_hidden, path_parts(name)))]
    return [] if any(map(is_image_name, visible)) else sorted(filter(is_container_name, visible))


def checked_name(name: str, where: str) -> str:
    """`name` itself.

    Raises:
        UserError: if it is not valid UTF-8, which neither a zip archive nor the manifest can hold.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise UserError(f"{ascii(where)[1:-1]}: the file name {name!a} is not valid UTF-8: rename the file") from None
    return name


class Folder(NamedTuple):
    """
    Attributes:
        files: The path of every visible file, by its name relative to the folder, with `/`.
        empty: The names of the folders below in which nothing is visible.
    """

    files: dict[str, Path]
    empty: list[str]


def walk(folder: Path) -> Folder:
    """Everything visible below `folder`; links are followed.

    Raises:
        UserError: for a link that leads nowhere, back to a folder above it, or out of `folder` to what is no
            photograph; for anything that is neither file nor folder, and for names that are not valid UTF-8.
    """
    inside = folder.resolve()
    files: dict[str, Path] = {}
    empty: list[str] = []
    for path, is_folder in _walk(folder, (_identity(folder),)):
        name = checked_name(path.relative_to(folder).as_posix(), str(folder))
        if is_folder:
            empty.append(name)
        else:
            refuse_others_files(path, inside)
            files[name] = path
    return Folder(files, empty)


def refuse_others_files(path: Path, folder: Path, where: str = "") -> None:
    """A data set that somebody else has made may hold links, or list paths, to files that are not meant for it.

    Args:
        path: The file.
        folder: Of the data set, without links in its path.
        where: What names the file, if its own path says too little.

    Raises:
        UserError: if the file lies outside `folder`, and is no image by its name, nor by that of a cache, which calls
            it by its digest.
    """
    if is_image_name(path.name) and not path.is_symlink():
        return
    file = path.resolve()
    if not (file.is_relative_to(folder) or is_image_name(file.name) or _DIGEST.search(file.name)):
        leads = f"{str(path)!a} leads out of the data set to {str(file)!a}, which is no photograph by its name"
        raise UserError(f"{where}{': ' * bool(where)}{leads}: put a copy in its place, or remove it")


def _walk(folder: Path, above: tuple[_Identity, ...]) -> Iterator[tuple[Path, bool]]:
    """Every visible file, and every folder in which nothing is visible, marked True."""
    with os.scandir(folder) as scan:
        paths = [Path(entry.path) for entry in scan if not is_hidden(entry.name)]
    for path in paths:
        if path.is_dir():
            identity = _identity(path)
            if identity in above:
                raise UserError(f"the link {str(path)!a} leads back to a folder above it: remove the link")
            yield from _walk(path, (*above, identity))
        elif path.is_file():
            yield path, False
        else:
            raise UserError(f"{str(path)!a} is a broken link or not a regular file: remove or replace it")
    if not paths and len(above) > 1:
        yield folder, True


def _identity(folder: Path) -> _Identity:
    status = folder.stat()
    return status.st_dev, status.st_ino
