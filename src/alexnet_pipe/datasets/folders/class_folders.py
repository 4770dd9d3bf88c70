"""Find the class folders of a data set: folders with photographs, below splits, wrappers and what is left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.folders.folder_names import (
    LABEL_THEM,
    are_parts,
    are_shots,
    holds_annotations_by_name,
    quoted,
    split_in,
    split_of,
)
from alexnet_pipe.datasets.folders.folder_tree import Alike, TreeFolder, copies_among, spelled
from alexnet_pipe.datasets.folders.split_folders import division
from alexnet_pipe.datasets.folders.undecided import refuse_undecided

Folders = Sequence[TreeFolder]


@dataclass
class ClassFolders:
    """What a search has found; `search` fills it.

    Attributes:
        where: What messages call the data set.
        alike: Tells copies.
        meant: Whether the user has said that folders are the classes.
        labels: Label and split of each class folder.
        left_out: Folders whose files are none of the data set's, each named in a remark.
        levels: The folders in which the class folders lie.
        remarks: What was left out, and why, a line each.
    """

    where: str
    alike: Alike
    meant: bool = False
    labels: dict[TreeFolder, tuple[str, str]] = field(default_factory=dict)
    left_out: set[TreeFolder] = field(default_factory=set)
    levels: set[TreeFolder] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    _waiting: list[tuple[TreeFolder, str | None]] = field(default_factory=list)

    def search(self, folder: TreeFolder) -> None:
        """Find the classes in `folder`, which is the whole data set.

        Raises:
            UserError: if what the folders mean cannot be decided, or one of them is empty.
        """
        self._waiting.append((folder, None))
        while self._waiting:
            self._level(*self._waiting.pop(0))

    def _level(self, folder: TreeFolder, split: str | None) -> None:
        below = self._with_photographs(folder)
        while len(below) == 1 and _is_wrapper(below[0], split):
            (folder,) = below
            below = self._with_photographs(folder)
        _refuse_images_only(below, self.where)
        divided = division(below, split is not None, self._place(folder))
        if not divided:
            self._classes(folder, below, split)
            return
        self._leave_out(divided.unlabelled, "photographs without class folders")
        parts = [(part.innermost, name) for part, name in divided.splits.items()]
        self._waiting += parts or [(folder, split)]

    def _with_photographs(self, folder: TreeFolder) -> Folders:
        """The folders in `folder` that can be splits, wrappers or classes; the others are left out."""
        below = [found for _, found in sorted(folder.below.items()) if found not in self.left_out]
        self._refuse_empty(folder, below)
        filled = [found for found in below if found.photographs]
        self._leave_out([found for found in below if not found.photographs], "no photographs")
        if len(filled) < 2:
            return filled
        copies = copies_among(filled, self.alike, self._place(folder))
        for copy, original in copies.items():
            self._leave_out([copy], f"the same photographs as {original}, which are read once")
        filled = [found for found in filled if found not in copies]
        images = _images_among(filled)
        if images:
            self._leave_out([found for found in filled if found is not images], f"what belongs to {images.name!r}")
        return [images] if images else filled

    def _classes(self, folder: TreeFolder, below: Folders, split: str | None) -> None:
        """Take `below` for classes, or what lies in them if that is plain."""
        images = {found: _images_among(found.unwrapped.branches) for found in below}
        deeper = [found for found in below if found.unwrapped.branches and not images[found]]
        if len(deeper) == len(below) and _are_parts_with_classes(below):
            self._waiting += [(part.innermost, split) for part in below]
        elif split is None and below and all(map(_holds_flat_splits, below)):
            for found in below:
                for part in found.unwrapped.branches:
                    self._add(part, found.name, split_in(part.name))
        elif _are_initials(below):
            for found in (found for initial in below for found in initial.filled):
                for part in found.branches if len(found.branches) > 1 else [found]:
                    self._add(part, found.name if part is found else f"{found.name} {part.name}", split)
        else:
            refuse_undecided(below, deeper, self._place(folder), self.meant)
            for found in below:
                self._add(images[found] or found, found.name, split)
            beside = [other for found in below if images[found] for other in found.unwrapped.branches]
            self._leave_out([other for other in beside if other not in images.values()], "what belongs to photographs")

    def _add(self, folder: TreeFolder, label: str, split: str | None) -> None:
        if folder.above:
            self.levels.add(folder.above)
        while not folder.direct and len(folder.filled) == 1:
            (folder,) = folder.filled
        self.labels[folder] = (spelled(label), split or "train")

    def _leave_out(self, folders: Folders, reason: str) -> None:
        if folders:
            names, files = quoted("/".join(folder.path) for folder in folders), sum(folder.files for folder in folders)
            self.left_out.update(folders)
            self.remarks.append(f"left out {names} ({files:,} file{'s' * (files != 1)}): {reason}")

    def _refuse_empty(self, folder: TreeFolder, below: Folders) -> None:
        for empty in (found for found in below if not found.files):
            if split_of(empty.name):
                path = "/".join(empty.path)
                raise UserError(f"split folder {path!r} in {self.where} is empty: add class folders or remove it")
            place = self._place(folder)
            raise UserError(f"class {empty.name!r} in {place} is empty: add photographs or remove the folder")

    def _place(self, folder: TreeFolder) -> str:
        return printable("/".join((self.where.rstrip("/"), *folder.path)))


def _refuse_images_only(below: Folders, where: str) -> None:
    if len(below) == 1 and below[0].holds_images:
        raise UserError(
            f"{where} has no class folders: all photographs lie in {'/'.join(below[0].path)!r}: {LABEL_THEM}"
        )


def _is_wrapper(folder: TreeFolder, split: str | None) -> bool:
    return bool(folder.subfolders if split else folder.filled and not split_of(folder.name))


def _images_among(folders: Folders) -> TreeFolder | None:
    """The one folder with photographs beside others that only say something about them, if it is plain."""
    by_name = [folder for folder in folders if not holds_annotations_by_name(folder.name)]
    by_ending = [folder for folder in folders if folder.pictures]
    if len(by_name) == 1 < len(folders) and (by_name[0].holds_images or by_name[0].unwrapped.holds_images):
        return by_name[0]
    if len(by_ending) == 1 < len(folders) and by_ending[0].subfolders:
        return by_ending[0]
    return None


def _holds_flat_splits(folder: TreeFolder) -> bool:
    parts = folder.unwrapped.branches
    splits = {split_in(part.name) for part in parts if not part.innermost.filled}
    return len(splits) == len(parts) > 1 and None not in splits


def _are_parts_with_classes(below: Folders) -> bool:
    """Whether they are parts; those with splits in them share photographs, as those of a cross-validation do.

    Numbers in years are months.
    """
    inner = {name for folder in below for name in folder.subfolders}
    months = are_shots(_names(below)) and all(map(str.isdecimal, inner))
    return are_parts(_names(below)) and bool(inner) and not months and not any(map(split_in, inner))


def _are_initials(below: Folders) -> bool:
    """Whether they are `a`, `b`, `c` with the folders whose names begin so."""
    return len(below) > 1 and all(
        len(folder.name) == 1
        and folder.name.isalpha()
        and folder.branches
        and all(found.name.casefold().startswith(folder.name.casefold()) for found in folder.branches)
        for folder in below
    )


def _names(folders: Iterable[TreeFolder]) -> list[str]:
    return [folder.name for folder in folders]
