"""Labels in the names of files: `cat.0.jpg`, `Abyssinian_1.jpg`, `n01440764_10026.JPEG`, all in one folder."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.folder import path_parts
from alexnet_pipe.datasets.folders.folder_names import quoted, split_in, stem_of
from alexnet_pipe.datasets.labelling.labelled import Files, Labelled, labelled, split_above

_NUMBERED = re.compile(r"(?P<label>.*[^\W\d_].*?)(?:[-_. ]+\d+|[-_. ]*\(\d+\))")
_WORDNET = re.compile(r"n\d{8}")
_NO_CLASS = re.compile(
    r"(img|image|images|dsc[nf]?|dscf?|pxl|m?v(id|i|img)|photo|pic|picture|frame|scan|screenshot|file|sample|page|untitled"
    r"|dji|gopr|gh|pano|burst|whatsapp image|signal|fb_img|received|original|resized|augmented|flipped|rotated"
    r"|train|training|val|valid|validation|test|testing)",
    re.IGNORECASE,
)
"""What cameras, scanners, messengers, augmentation and competitions put before a number."""


def labels_in_names(files: Files) -> Labelled | None:
    """Labels from names of the form label, separator, number; a test folder whose names have no label is left out.

    Raises:
        UserError: if most names have that form and not all, or if what stands before the number is no plain label.
    """
    photographs = files.photographs
    labels = {member: _label(member) for member in photographs}
    unlabelled = _unlabelled_tests(labels)
    named = {member: label for member, label in labels.items() if member not in unlabelled}
    if len({label for label in named.values() if label}) < 2 or not _one_folder(list(named)):
        return None
    missing = [member for member, label in named.items() if not label]
    if 2 * len(missing) > len(named):
        return None
    faults = [f"{len(missing):,} of {len(named):,} have none, as {missing[0]!r}"] if missing else list(_faults(named))
    if faults:
        raise UserError(
            f"{files.where}: the labels seem to be in the names of the files, as in {_example(named)!r}, but "
            f"{faults[0]}: rename the files, put the photographs of each class into a folder of their own, or add a "
            "labels.csv with the columns file_name and label"
        )
    rows = labelled((member, label or "", split_above(member) or "train") for member, label in named.items())
    remarks = [f"photographs of the test split without a label, left out: {len(unlabelled):,}"] if unlabelled else []
    return Labelled(rows, f"the names of the files, as {printable(_example(named))}", remarks)


def _label(member: str) -> str | None:
    match = _NUMBERED.fullmatch(PurePosixPath(path_parts(member)[-1]).stem)
    return match["label"] if match else None


def _unlabelled_tests(labels: dict[str, str | None]) -> set[str]:
    """The photographs below test folders, if none of them has one of the labels of the others."""
    tests = {member for member in labels if split_above(member) == "test"}
    known = {label for member, label in labels.items() if member not in tests}
    return set() if any(labels[member] and labels[member] in known for member in tests) else tests


def _one_folder(members: Sequence[str]) -> bool:
    """Whether the photographs lie in one folder, or in one a split."""
    folders = {path_parts(member)[:-1]: split_above(member) for member in members}
    return len(folders) == 1 or (None not in folders.values() and len(set(folders.values())) == len(folders))


def _faults(named: dict[str, str | None]) -> Iterator[str]:
    """Why the labels may not be what they seem to be."""
    counts = Counter(label for label in named.values() if label)
    if single := [label for label, count in counts.items() if count == 1]:
        yield f"{len(single):,} of {len(counts):,} labels ({quoted(single)}) are of one photograph only"
    if cameras := [label for label in counts if _NO_CLASS.fullmatch(label)]:
        yield f"{quoted(cameras)} is no class"
    ways = (
        (str.casefold, "in the case of their letters"),
        (_without_digits, "in digits"),
        (_without_split, "in a split"),
    )
    for same, how in ways:
        alike = Counter(map(same, counts))
        if same_label := [label for label in counts if alike[same(label)] > 1]:
            yield f"{quoted(sorted(same_label))} differ only {how}"


def _without_digits(label: str) -> str:
    return label if _WORDNET.fullmatch(label) else re.sub(r"\d+", "0", label)


def _without_split(label: str) -> str:
    return " ".join(stem_of(label)) if split_in(label) else label.casefold()


def _example(named: dict[str, str | None]) -> str:
    return next(path_parts(member)[-1] for member, label in named.items() if label)
