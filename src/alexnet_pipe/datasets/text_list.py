"""Text lists: one image a line, `path label`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_hidden, path_parts, refuse_others_files
from alexnet_pipe.datasets.pack import Content, file_content, pack

_SPLITS = {"train.txt": "train", "val.txt": "validation", "validation.txt": "validation", "test.txt": "test"}


class Listed(NamedTuple):
    """One line of a list: where it stands, the path as written, and the label."""

    where: str
    path: str
    label: str


def lists_in(folder: Path) -> dict[Path, str]:
    """The text lists in `folder` and the split of each; none at all unless there is a `train.txt` with labels."""
    if not (folder / "train.txt").is_file() or _begins_without_label(folder / "train.txt"):
        return {}
    return {folder / name: split for name, split in _SPLITS.items() if (folder / name).is_file()}


def chosen_lines(lists: Mapping[Path, str]) -> Iterator[tuple[str, Path, Listed]]:
    """Split, path and line of every file that the lists name; a file that one split lists twice comes once.

    Relative paths start at the list's folder.

    Raises:
        UserError: naming list and line, for a malformed line, a missing file, a label that cannot be a folder name,
            and for a file that one split lists with two labels.
    """
    labels: dict[tuple[str, Path], Listed] = {}
    for text, split in lists.items():
        for line in read_list(text):
            path = text.parent / line.path
            first = labels.setdefault((split, path), line)
            if first.label != line.label:
                other = f"{first.label!r} at {first.where}"
                raise UserError(f"{line.where}: {path} has label {line.label!r}, but {other}: remove one of the lines")
            if not os.path.isfile(path):  # noqa: PTH113 # Path.is_file raises for a name that is too long.
                raise UserError(f"{line.where}: no file {path}: correct the path or remove the line")
            refuse_others_files(path, text.parent.resolve(), line.where)
            if first is line:
                yield split, path, line


def pack_lists(lists: Mapping[Path, str], archive: Path) -> Path:
    """Pack the files that the lists name into `archive`, as `<split>/<label>/<path as listed>`; as `chosen_lines`."""
    files: dict[str, Content] = {}
    for split, path, line in chosen_lines(lists):
        files[_unused(_member(split, line), files)] = file_content(path)
    return pack(archive, files)


def read_list(text: Path) -> Iterator[Listed]:
    """The lines of a UTF-8 list; the last word of a line is the label, so paths may contain spaces.

    Raises:
        UserError: naming list and line, for a malformed line.
    """
    with text.open(encoding="utf-8-sig") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if words := line.strip().rsplit(maxsplit=1):
                    yield _listed(f"{text}, line {number}", words)
        except UnicodeDecodeError:
            raise UserError(f"{text} is not a text list in UTF-8: save it as UTF-8, `path label` a line") from None


def _begins_without_label(text: Path) -> bool:
    """Whether the first line is one word: such a list says a split of what is labelled otherwise."""
    with text.open(encoding="utf-8-sig", errors="replace") as lines:
        return len(next(filter(None, map(str.split, lines)), [])) == 1


def _listed(where: str, words: list[str]) -> Listed:
    if len(words) < 2:
        raise UserError(f"{where}: {words[0]!r} has no label: write `path label`, separated by a space or a tab")
    path, label = words
    if path_parts(label) != (label,) or is_hidden(label):
        raise UserError(f"{where}: {label!r} cannot be a label: use a name without slashes and without a leading dot")
    return Listed(where, path, label)


def _member(split: str, line: Listed) -> str:
    return "/".join((split, line.label, *map(_visible, path_parts(line.path))))


def _visible(part: str) -> str:
    # `..` and hidden names are what the index refuses or ignores in an archive, but here the user listed them.
    return f"%{ord(part[0]):02X}{part[1:]}" if is_hidden(part) else part


def _unused(member: str, taken: Mapping[str, Content]) -> str:
    path, number = PurePosixPath(member), 1
    while member in taken:
        number += 1
        member = str(path.with_name(f"{path.stem}~{number}{path.suffix}"))
    return member
