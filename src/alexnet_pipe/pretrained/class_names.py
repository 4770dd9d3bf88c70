"""The names of the classes, from a list beside the weights."""

from pathlib import Path

from alexnet_pipe.base.errors import UserError


def numbered_names(classes: int) -> list[str]:
    """Names that are distinct, where nobody gave any."""
    return [f"class {label}" for label in range(classes)]


def read_names(path: Path, classes: int) -> list[str]:
    """One name a line, in label order, as in Caffe's synset_words.txt; empty lines are left out.

    Raises:
        UserError: if the file cannot be read, or there are not `classes` distinct names in it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UserError(f"{path} cannot be read ({reason}): give a text file with one class name a line") from None
    names = [line.strip() for line in lines if line.strip()]
    if len(names) != classes:
        raise UserError(f"{path} has {len(names):,} names, but the network has {classes:,} classes: give one a line")
    if len(set(names)) != len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise UserError(f"{path} has {twice!r} twice: make the names distinct")
    return names
