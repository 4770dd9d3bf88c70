"""What every way of labelling photographs takes and gives: the files that were found; the label and split of each."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple, Protocol

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.folder import is_hidden, is_image_name, path_parts
from alexnet_pipe.datasets.folders.folder_names import holds_annotations_by_name, quoted, split_in, split_of
from alexnet_pipe.datasets.labelling.label_columns import CODED
from alexnet_pipe.datasets.labels import SPLITS, spelled_alike

_MASK = re.compile(r"[-_. ](mask|seg(mentation)?|gt|trimap|annotation)([-_ ]?\d+)?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Files:
    """The files of one archive or folder.

    Attributes:
        sizes: In bytes, by name.
        folders: The names of folder entries, which tell that a folder is empty.
        content: Reads one file by its name.
        where: What messages call all of it.
        crcs: The CRC-32 of the content of those of which it is known.
    """

    sizes: Mapping[str, int]
    folders: Sequence[str]
    content: Callable[[str], bytes]
    where: str
    crcs: Mapping[str, int] = field(default_factory=dict)

    def alike(self, one: str, other: str) -> bool:
        """Whether two files have the same content; they are read only if their sizes do not tell, nor their CRC-32."""
        if self.sizes[one] != self.sizes[other] or self.crcs.get(one) != self.crcs.get(other):
            return False
        return one in self.crcs or self.content(one) == self.content(other)

    @cached_property
    def visible(self) -> list[str]:
        """The names of all files but hidden ones."""
        return [name for name in self.sizes if not any(map(is_hidden, path_parts(name)))]

    @cached_property
    def images(self) -> list[str]:
        """The visible files whose names end as those of images do."""
        return [name for name in self.visible if is_image_name(name)]

    @cached_property
    def masks(self) -> set[str]:
        """The images beside the photograph of which they are masks by their names, as `1_mask.png` beside `1.png`."""
        stems = {name: name.rpartition(".")[0] for name in self.images}
        found = {name: _MASK.sub("", stem) for name, stem in stems.items() if _MASK.search(stem)}
        known = set(stems.values()) if found else set()
        return {name for name, photograph in found.items() if photograph in known}

    @cached_property
    def photographs(self) -> list[str]:
        """The images but for masks; if there are others, not those in folders of masks and other annotations."""
        images = [name for name in self.images if name not in self.masks]
        return [name for name in images if not _are_annotations(path_parts(name)[:-1])] or images


class Labelled(NamedTuple):
    """
    Attributes:
        rows: One row a photograph: member, label, split.
        origin: Where the labels come from, as "labels.csv, column breed".
        remarks: What was left out, a line each.
    """

    rows: pd.DataFrame
    origin: str = ""
    remarks: Sequence[str] = ()


class Labelling(Protocol):
    """A way to label photographs."""

    def __call__(self, files: Files) -> Labelled | None:
        """The labelled photographs, or None if nothing there speaks for this way.

        Raises:
            UserError: if something does, and cannot be understood for certain.
        """


def labelled(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """A table of member, label (in one spelling) and split."""
    spelled = [(member, unicodedata.normalize("NFC", label), split) for member, label, split in rows]
    return pd.DataFrame(spelled, columns=["member", "label", "split"], dtype="str")


def split_above(member: str) -> str | None:
    """The split that the folders above a file name; the nearest one counts."""
    return _split_of_folders(path_parts(member)[:-1])


@cache
def _split_of_folders(folders: tuple[str, ...]) -> str | None:
    return next((split for folder in reversed(folders) if (split := split_in(folder))), None)


@cache
def _are_annotations(folders: tuple[str, ...]) -> bool:
    return any(map(holds_annotations_by_name, folders))


def held_out(splits: Iterable[str | None]) -> str:
    """The split of a photograph of which several things speak: what one of them holds out is not trained with."""
    return max((split for split in splits if split), key=SPLITS.index, default="train")


_SEEN = str.maketrans("АВЕЅІЈКМНОРСТУХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXo")
"""Cyrillic and Greek letters, and the Latin ones that look like them."""


def look_alike(labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of labels that only a computer tells apart; of single letters, each may be a class."""
    first: dict[str, str] = {}
    for label in labels:
        if len(label) > 1 and (other := first.setdefault(label.translate(_SEEN), label)) != label:
            yield other, label


def refuse_unusable_labels(found: Labelled, where: str) -> None:
    """
    Raises:
        UserError: if a label cannot be printed, two are spellings of one, there are fewer than two or as many as
            photographs, or a class has no training images.
    """
    if fault := next(_faults(found.rows), ""):
        raise UserError(f"{where}: labels from {found.origin}: {fault}")


def _faults(rows: pd.DataFrame) -> Iterator[str]:
    labels = sorted(rows["label"].unique())
    yield from (f"{label!a} has characters that cannot be printed" for label in labels if not label.isprintable())
    coded = filter(CODED.fullmatch, labels)
    yield from (f"{label!r} is no name of a class: make a column of names" for label in coded)
    for several in _several(labels):
        yield f"{several!r} are several labels of one photograph: keep one for each, or join words of one by _"
    if same := spelled_alike(labels):
        yield f"{same[0]!r} and {same[1]!r} are two spellings of one label: make them one"
    if all(map(split_of, labels)):
        yield f"{quoted(labels)} are splits, no labels: set dataset.labels to the right column"
    if len(labels) > max(2, len(rows) / 2):
        yield f"{len(labels):,} for {len(rows):,} photographs are no classes: set dataset.labels to the right column"
    if len(labels) < 2:
        yield f"there is one class only ({quoted(labels)}): add a second one"
    trained = set(rows.loc[rows["split"] == "train", "label"])
    if untrained := [label for label in labels if label not in trained]:
        which = f"{len(untrained):,} of {len(labels):,} classes ({quoted(untrained)})"
        yield f"{which} have no training images: add some, or remove the class"


def _several(labels: Iterable[str]) -> Iterator[str]:
    """Labels that are made of several: `Mass|Nodule`, `0 16`, `cat dog` beside `cat` and `dog`, or beside `dog cat`."""
    spelled = {label: " ".join(label.split()) for label in labels}
    known, ordered = set(spelled.values()), set()
    for label, words in spelled.items():
        ways = [re.split(separator, words) for separator in (" ?[,/+&] ?| and ", "[ ,]+")]
        several = (len(parts) > 1 and (known.issuperset(parts) or all(map(str.isdecimal, parts))) for parts in ways)
        in_order = tuple(sorted(ways[-1]))
        if re.search(r"\S[|;]", words) or any(several) or in_order in ordered:
            yield label
        ordered.add(in_order)
