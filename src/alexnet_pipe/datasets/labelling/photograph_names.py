"""Which photograph a cell of a table means: a path, the name of a file, or that without its ending."""

import posixpath
import re
import unicodedata
from collections.abc import Callable, Sequence
from urllib.parse import unquote, urlsplit

from alexnet_pipe.datasets.folder import is_image_name, path_parts
from alexnet_pipe.datasets.labelling.labelled import split_above

_DEEPEST = 100
"""Parts of the longest path that is looked for."""

_TRIED = 200
"""Cells from which it is told how a column names photographs."""

_WHOLE = re.compile(r"(?:^|(?<=/))0*(\d+)(?:\.0+)?$")


class PhotographNames:
    """Photographs, to be found by what tables call them.

    Attributes:
        members: Their names as stored; of photographs in folders whose names differ in case only, the first.
    """

    def __init__(self, members: Sequence[str]) -> None:
        distinct: dict[tuple[str, str], str] = {}
        for member in sorted(members):
            *folders, name = _parts(member)
            distinct.setdefault(("/".join(folders).casefold(), name), member)
        self.members = list(distinct.values())
        self._paths = {"/".join(_parts(member)): member for member in self.members}
        self._ends: dict[tuple[int, bool, Callable[[str], str]], dict[str, list[str]]] = {}

    def find(self, cell: str, folder: str, split: str | None) -> list[str]:
        """The members that `cell` may mean; more than one if it does not say which.

        Of several, those below the table's folder are meant, and of these those in folders of the row's split.

        Args:
            cell: As it stands in a table.
            folder: Of the table, separated by `/`; paths may begin there.
            split: Of the row, if it is known.
        """
        parts = _parts(cell)
        if not 0 < len(parts) <= _DEEPEST:
            return []
        beside = posixpath.normpath("/".join((folder, *parts)) if folder else "/".join(parts))
        if beside in self._paths:
            return [self._paths[beside]]
        whole, end = is_image_name(parts[-1]), "/".join(parts)
        found = self._by_end(len(parts), whole).get(end) or self._by_end(len(parts), whole, _plain).get(_plain(end), [])
        if not found:  # The path may begin above the data set, as one on somebody else's disk.
            below = ("/".join(parts[start:]) for start in range(1, len(parts)))
            found = [self._paths[path] for path in below if path in self._paths][:1]
        if len(found) < 2:
            return found
        above = _parts(folder)
        found = [member for member in found if _parts(member)[: len(above)] == above] or found
        return [member for member in found if split and split_above(member) == split] or found

    def called(self, cells: Sequence[str], folder: str) -> list[str]:
        """`cells`; of paths and addresses that mean no member, the names of their files, or those without ending.

        So `https://host/a.jpg?size=640` and `/home/somebody/a.png` mean `a.jpg`, if the names alone are as distinct.
        """
        own = list(map(_own_name, cells))
        of_files = all(map(is_image_name, own)) or any("://" in cell for cell in cells)
        for names in (cells, own, [posixpath.splitext(name)[0] for name in own]) if of_files else ():
            if any(self.find(name, folder, None) for name in names[:_TRIED]) and len(set(names)) == len(set(cells)):
                return list(names)
        return list(cells)

    def _by_end(self, depth: int, whole: bool, spelled: Callable[[str], str] = str) -> dict[str, list[str]]:
        """Members by the last `depth` parts of their path, with or without the ending, as `spelled` makes them."""
        key = (depth, whole, spelled)
        if key not in self._ends:
            ends: dict[str, list[str]] = {}
            for path, member in self._paths.items():
                end = "/".join(path.split("/")[-depth:])
                ends.setdefault(spelled(end if whole else posixpath.splitext(end)[0]), []).append(member)
            self._ends[key] = ends
        return self._ends[key]


def _plain(end: str) -> str:
    """Without regard to case, and for a number to zeros before it and to what a spreadsheet adds (`101.0`)."""
    return _WHOLE.sub(r"\1", end.casefold())


def _own_name(cell: str) -> str:
    path = unquote(urlsplit(cell).path) if "://" in cell else cell
    return _parts(path)[-1] if _parts(path) else ""


def _parts(name: str) -> tuple[str, ...]:
    return path_parts(unicodedata.normalize("NFC", name.strip()))
