"""Names of files inside a data set: which parts they have, and which of them are not photographs at all."""

import re

from alexnet_pipe.base.errors import UserError

_SYSTEM = {"_ds_store", "thumbs.db", "desktop.ini", "__macosx"}
# Archives made on Windows may separate folders with backslashes.
_SEPARATOR = re.compile(r"[/\\]")


def path_parts(name: str) -> tuple[str, ...]:
    """The folders and the file name in `name`, without empty parts and `.`."""
    return tuple(part for part in _SEPARATOR.split(name) if part not in ("", "."))


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name belongs to the operating system and not to the data set."""
    return part.startswith(".") or part.casefold() in _SYSTEM


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
