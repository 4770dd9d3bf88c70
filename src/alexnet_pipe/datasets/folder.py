"""Pack a folder of photographs, hidden and system files left out."""

import os
from collections.abc import Iterator
from pathlib import Path

from alexnet_pipe.datasets.names import checked_name, is_hidden
from alexnet_pipe.datasets.pack import Content, file_content, pack
from alexnet_pipe.errors import UserError

_Identity = tuple[int, int]


def pack_folder(folder: Path, archive: Path) -> Path:
    """Pack every visible file below `folder` into `archive`; links are followed, empty folders are kept.

    Raises:
        UserError: for a link that leads nowhere or back to a folder above it, for anything that is neither file nor
            folder, and for names that are not valid UTF-8.
    """
    files: dict[str, Content] = {}
    empty: list[str] = []
    for path, is_folder in _walk(folder, (_identity(folder),)):
        name = path.relative_to(folder).as_posix()
        if is_folder:
            empty.append(checked_name(name, str(folder)))
        else:
            files[checked_name(name, str(folder))] = file_content(path)
    return pack(archive, files, empty)


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
