"""Data sets that contain themselves: folders that hold once more what lies beside them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import permutations

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folders.folder_names import POINT_THERE, split_in
from alexnet_pipe.datasets.folders.folder_tree import FolderPath, TreeFolder, shared, spelled

Alike = Callable[[str, str], bool]
"""Whether two members, by name, have the same content."""


def copies_among(below: Sequence[TreeFolder], alike: Alike, where: str) -> dict[TreeFolder, str]:
    """The folders that hold nothing but copies, and in words, of what.

    A copy has the same paths and the same contents: of all that lies beside it, or of one of its neighbours.

    Raises:
        UserError: if a folder has the same folders as those that it lies beside, but other photographs.
    """
    copies: dict[TreeFolder, str] = {}
    for folder in below:
        beside = [other for other in below if other is not folder and other.name in _names(folder.unwrapped.branches)]
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


def _names(folders: Iterable[TreeFolder]) -> set[str]:
    return {folder.name for folder in folders}


def _together(folders: Iterable[TreeFolder]) -> Iterable[tuple[FolderPath, str]]:
    return (((spelled(folder.name), *path), member) for folder in folders for path, member in folder.contents())


def _holds_again(copy: Iterable[tuple[FolderPath, str]], whole: Iterable[tuple[FolderPath, str]], alike: Alike) -> bool:
    originals = dict(whole)
    return all(path in originals and alike(originals[path], member) for path, member in copy)
