"""The folders of a data set, and how many photographs lie in each, by the names of its files."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import permutations

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_hidden, is_image_name, path_parts
from alexnet_pipe.datasets.folders.folder_names import (
    POINT_THERE,
    holds_photographs_by_name,
    may_be_photograph,
    split_in,
)

FolderPath = tuple[str, ...]

Alike = Callable[[str, str], bool]
"""Whether two members, by name, have the same content."""

_STRAY = 10
"""A folder with folders of photographs may hold one photograph of its own, an icon, for so many in all."""


class TreeFolder:
    """
    Attributes:
        name: Its own name; empty for the one that holds everything.
        above: The folder that it lies in, or None.
        below: The visible folders directly in it, by name.
        members: The member names of the visible files directly in it, by their own names.
        files: How many visible files lie in it and below it.
        photographs: How many of these may be photographs.
        pictures: How many have the ending of one.
    """

    def __init__(self, name: str = "", above: "TreeFolder | None" = None) -> None:
        self.name, self.above = name, above
        self.below: dict[str, TreeFolder] = {}
        self.members: dict[str, str] = {}
        self.files = self.photographs = self.pictures = 0

    @property
    def path(self) -> FolderPath:
        """The names of the folders down to this one, which is the last."""
        names, folder = [], self
        while folder.above:
            names.append(folder.name)
            folder = folder.above
        return tuple(reversed(names))

    def count(self) -> None:
        """Add the files directly in it to what it and the folders above know."""
        photographs, pictures = self.direct, sum(map(is_image_name, self.members))
        folder: TreeFolder | None = self
        while folder:
            folder.files += len(self.members)
            folder.photographs += photographs
            folder.pictures += pictures
            folder = folder.above

    @cached_property
    def direct(self) -> int:
        """How many photographs lie directly in it."""
        return sum(map(may_be_photograph, self.members))

    @cached_property
    def filled(self) -> list["TreeFolder"]:
        """The folders directly in it that have photographs, sorted by name."""
        return [folder for _, folder in sorted(self.below.items()) if folder.photographs]

    @property
    def branches(self) -> list["TreeFolder"]:
        """`filled`, if hardly any photograph lies beside them."""
        return [] if _STRAY * self.direct > self.photographs else self.filled

    @cached_property
    def unwrapped(self) -> "TreeFolder":
        """The first folder that holds photographs, or several folders with some: itself, or one that it wraps."""
        folder = self
        while len(folder.branches) == 1:
            folder = folder.branches[0]
        return folder

    @cached_property
    def innermost(self) -> "TreeFolder":
        """Itself, or the folder that it wraps under its own name, or its split's, or a name like `images`."""
        folder = self
        while len(folder.filled) == 1 and (folder.filled[0].holds_images or folder.filled[0].repeats(folder)):
            folder = folder.filled[0]
        return folder

    @property
    def holds_images(self) -> bool:
        """Whether it is called `images` or the like."""
        return holds_photographs_by_name(self.name)

    def repeats(self, other: "TreeFolder") -> bool:
        """Whether its name is, or names the same split as, that of another folder."""
        split = split_in(self.name)
        return _key(self.name) == _key(other.name) or (split is not None and split == split_in(other.name))

    @cached_property
    def subfolders(self) -> frozenset[str]:
        """The names, without regard to case, of the several folders with photographs that it has or wraps; or none."""
        return frozenset(_key(folder.name) for folder in self.unwrapped.branches)

    def contents(self) -> Iterator[tuple[FolderPath, str]]:
        """Every file in and below it that may be a photograph: its path from here, in one spelling, and member name."""
        waiting: list[tuple[FolderPath, TreeFolder]] = [((), self)]
        while waiting:
            path, folder = waiting.pop()
            for name, member in folder.members.items():
                if may_be_photograph(name):
                    yield (*path, spelled(name)), member
            waiting += [((*path, spelled(below.name)), below) for below in folder.below.values()]


def folder_tree(files: Iterable[str], folders: Iterable[str]) -> TreeFolder:
    """The folder that holds all of `files` (member names) and `folders` (names of folder entries)."""
    root = TreeFolder()
    known: dict[str, TreeFolder | None] = {}
    for member in files:
        folder, name = parted(member)
        if folder not in known:
            known[folder] = _folder_at(root, folder)
        if (found := known[folder]) and not is_hidden(name):
            found.members[name] = member
    for folder in folders:
        _folder_at(root, folder)
    for found in {found for found in known.values() if found}:
        found.count()
    return root


def has_subfolder(folder: TreeFolder, name: str) -> bool:
    """Whether `name`, without regard to case, is among the `subfolders`."""
    return _key(name) in folder.subfolders


def shared(folder: TreeFolder, others: Iterable[TreeFolder]) -> list[str]:
    """Names of the subfolders that `folder` has and one of `others` too, if there are two at least; or none."""
    names = folder.subfolders & frozenset().union(*(other.subfolders for other in others))
    return sorted(names) if len(names) > 1 else []


def copies_among(below: Sequence[TreeFolder], alike: Alike, where: str) -> dict[TreeFolder, str]:
    """The folders that hold nothing but copies, and in words, of what.

    A copy has the same paths and the same contents: of all that lies beside it, or of one of its neighbours.

    Raises:
        UserError: if a folder has the same folders as those that it lies beside, but other photographs.
    """
    copies: dict[TreeFolder, str] = {}
    for folder in below:
        beside = [
            other
            for other in below
            if other is not folder and other.name in {each.name for each in folder.unwrapped.branches}
        ]
        if len(beside) > 1 and 2 * len(beside) > len(folder.unwrapped.branches):
            if not _holds_again(folder.unwrapped.contents(), _together(beside), alike):
                raise UserError(
                    f"{where}: {folder.name!r} has the same folders as lie beside it, and other photographs: point "
                    f"dataset.location to one of them {POINT_THERE}, or move one away"
                )
            copies[folder] = "what lies beside it"
    for folder, other in permutations([folder for folder in below if folder.subfolders], 2):
        if {folder, other} & copies.keys() or split_in(folder.name) != split_in(other.name):
            continue  # What is in two splits is found photograph by photograph.
        again = (folder.unwrapped.contents(), other.unwrapped.contents(), alike)
        if shared(folder, [other]) and _holds_again(*again):
            copies[folder] = repr(other.name)
    return copies


def parted(member: str) -> tuple[str, str]:
    """The folder's part of a member's name, as it is written, and the file's own name."""
    end = 1 + max(member.rfind("/"), member.rfind("\\"))
    if member[end:] not in ("", "."):
        return member[:end], member[end:]
    *folders, name = path_parts(member) or ("",)
    return "/".join(folders), name


def _together(folders: Iterable[TreeFolder]) -> Iterable[tuple[FolderPath, str]]:
    return (((spelled(folder.name), *path), member) for folder in folders for path, member in folder.contents())


def _holds_again(copy: Iterable[tuple[FolderPath, str]], whole: Iterable[tuple[FolderPath, str]], alike: Alike) -> bool:
    originals = dict(whole)
    return all(path in originals and alike(originals[path], member) for path, member in copy)


def _folder_at(root: TreeFolder, path: str) -> TreeFolder | None:
    """The folder at `path`, made if it is missing; None if it is hidden or in a hidden one."""
    folder = root
    for name in path_parts(path):
        if is_hidden(name):
            return None
        if name not in folder.below:
            folder.below[name] = TreeFolder(name, folder)
        folder = folder.below[name]
    return folder


def spelled(name: str) -> str:
    """A name in the one of its spellings that is compared: composed on Linux, decomposed on macOS."""
    return unicodedata.normalize("NFC", name)


def _key(name: str) -> str:
    return spelled(name).casefold()
