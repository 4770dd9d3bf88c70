"""The files that a user names: photographs, prepared as the pipeline prepares them, and a model, or a revision's."""

import codecs
import os
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.datasets.labels import labels_of
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import decode, resize
from alexnet_pipe.preparation.formats import RefusedError, require_bytes

STANDARD_INPUT = "-"
LIST = ".txt"
"""The ending of a list's name, in any case; whatever has another ending is taken for a photograph."""


class Labelled(NamedTuple):
    """
    Attributes:
        photographs: Where each lies, and its label.
        outside: How many files lie outside any class folder.
        numbered: Whether folders were called by label numbers.
    """

    photographs: list[tuple[Path, int]]
    outside: int
    numbered: bool = False


def files_in(names: Sequence[str]) -> list[Path]:
    """The photographs that are named, in order.

    A folder stands for the visible files below it, sorted by name; a text list for the paths in it, and `-` for those
    in a list on standard input. What a list names is a photograph, and nothing else.

    Raises:
        UserError: if there is no photograph at all, if a list cannot be read, and for what `datasets.folder.walk` does
            not accept in a folder.
    """
    files = [file for name in names for file in _files(name)]
    if not files:
        raise UserError(f"{', '.join(names)}: no file in there: name photographs, or a folder or a list with some")
    return files


def labelled_photographs(folder: Path, classes: Sequence[str]) -> Labelled:
    """The visible files below `folder`, each labelled by the folder directly in there that it lies below.

    Such a folder has the name of a class, its WordNet number, or its words or one of them (`tench`); or all are called
    by label numbers, counted from 0.

    Raises:
        UserError: if there are none, if a folder has the name of no class, and as `datasets.folder.walk`.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: --images takes one with a folder of photographs a class")
    files, empty = walk(folder)
    found = [(_label(name), path) for name, path in sorted(files.items()) if "/" in name]
    names = {*map(_label, empty), *(name for name, _ in found)}
    labels, numbered = _labels(names, classes)
    if strangers := names - labels.keys():
        raise UserError(f"{folder}: the model has no class {some(strangers)}; its classes are {some(classes)}")
    if not found:
        raise UserError(
            f"{folder} has no photographs in class folders: put those of each class into a folder of its own"
        )
    return Labelled([(path, labels[name]) for name, path in found], len(files) - len(found), numbered)


def _labels(names: Collection[str], classes: Sequence[str]) -> tuple[Mapping[str, int], bool]:
    """The label of each folder that can be told, and whether they are numbers."""
    by_name = labels_of(names, classes)
    if names and not by_name and all(re.fullmatch("[0-9]{1,9}", name) for name in names):
        return {name: int(name) for name in names if int(name) < len(classes)}, True
    meant: dict[str, set[int]] = {}
    for label, words in enumerate(map(_words, classes)):
        for word in {words, *map(str.strip, words.split(","))}:
            meant.setdefault(word, set()).add(label)
    # `crane` is a bird and a machine, and so is neither here.
    by_words = {name: min(labels) for name in names if len(labels := meant.get(_words(name), set())) == 1}
    return {**by_words, **by_name}, False


def _words(name: str) -> str:
    """What a class is called behind its WordNet number, as spelled by no one in particular."""
    words = re.sub(r"^n\d{8}(?![^\W_])", "", name).replace("_", " ")
    return " ".join(words.casefold().split())


class Prepared(NamedTuple):
    """A photograph as the network takes it, uint8 `(256, 256, 3)`, and its file's short side in pixels, or NaN."""

    pixels: NDArray[np.uint8]
    short_side: float


def prepared(path: Path, params: ResizeParams) -> NDArray[np.uint8]:
    """The photograph in `path`, uint8 `(256, 256, 3)`; as `prepared_with_size`."""
    return prepared_with_size(path, params).pixels


def prepared_with_size(path: Path, params: ResizeParams) -> Prepared:
    """The photograph in `path`.

    Raises:
        RefusedError: "missing", "unreadable", or a reason of `preparation.decode.decode`.
    """
    try:
        if not path.is_file():
            found = path.exists()
            raise RefusedError("unreadable", "not a regular file") if found else RefusedError("missing", "no file")
        require_bytes(path.stat().st_size)
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError("unreadable", str(error.strerror)) from None
    return prepared_of(content, params)


def pixels_of(content: bytes, params: ResizeParams) -> NDArray[np.uint8]:
    """The photograph that a file holds, uint8 `(256, 256, 3)`; as `prepared_of`."""
    return prepared_of(content, params).pixels


def prepared_of(content: bytes, params: ResizeParams) -> Prepared:
    """The photograph that a file holds.

    Raises:
        RefusedError: as `preparation.decode.decode` does.
    """
    photograph = decode(content, params)
    return Prepared(resize(photograph.image, params.policy), min(photograph.size))


def some(names: Iterable[str]) -> str:
    """The first three names, in order."""
    first, *others = sorted(map(repr, names))[:4]
    return ", ".join([first, *others[:2], *["…"] * (len(others) > 2)])


def _files(name: str) -> Iterable[Path]:
    if name == STANDARD_INPUT:
        return _read_paths(sys.stdin.buffer, "standard input")
    if not name:
        raise UserError(
            "'' names no photograph: give a file, a folder (. is this one), a list, or - for standard input"
        )
    path = Path(name)
    if os.path.isdir(path):  # noqa: PTH112 # Path.is_dir raises for a name that is too long.
        return [file for _, file in sorted(walk(path).files.items())]
    if path.suffix.lower() != LIST:
        return [path]
    try:
        with path.open("rb") as stream:
            return _read_paths(stream, name)
    except OSError as error:
        raise UserError(f"{name} is taken for a list of photographs and cannot be read: {error.strerror}") from None


def _read_paths(stream: BinaryIO, where: str) -> list[Path]:
    """The paths in a list, a path a line, as `find` prints them; relative ones start at the current folder.

    Empty lines are skipped, and a line may end as on Windows. Names need not be valid UTF-8. Messages call it `where`.
    """
    content = stream.read().removeprefix(codecs.BOM_UTF8)
    if b"\0" in content:
        number = content[: content.index(b"\0")].count(b"\n") + 1
        raise UserError(f"{where}, line {number}: no path has a zero byte: save the list as UTF-8, a path a line")
    return [Path(os.fsdecode(name)) for line in content.split(b"\n") if (name := line.removesuffix(b"\r"))]


def _label(name: str) -> str:
    # As in the pipeline: one name may be spelled in two ways, composed on Linux and decomposed on macOS.
    return unicodedata.normalize("NFC", name.split("/")[0])


MODEL = Artifacts().model


@contextmanager
def model_file(name: str) -> Iterator[Path]:
    """The file of the model that is called `name`.

    A file wins over a revision of the same name. What is no file is `alexnet@STAGE`, `alexnet@VERSION`, or whatever git
    or DVC takes for a revision: a commit, branch or tag, or an experiment; its `models/alexnet.keras` is fetched from
    DVC's cache or remote into a temporary folder, which goes with the block.

    Raises:
        UserError: if there is no such file, stage, version or revision, or if its model cannot be had.
    """
    if Path(name).is_file():
        yield Path(name)
        return
    if Path(name).exists():
        raise UserError(f"{name} is no plain file: name a model's file")
    if Path(name) == MODEL:
        from alexnet_pipe.project.revisions import how_to_get

        raise UserError(f"{MODEL} is missing: {how_to_get(Path(), MODEL)}")
    with TemporaryDirectory() as folder:
        path = Path(folder) / MODEL.name
        # Once imported, DVC writes through streams of its own (colorama); this puts the old ones back.
        with redirect_stdout(sys.stderr), redirect_stderr(sys.stderr):
            _fetch(name, path)
        try:
            yield path
        except UserError as error:
            told = str(error).replace(str(path), f"the model of {name}").replace(f"{folder}{os.sep}", f"{name}: ")
            raise UserError(told) from None


def _fetch(name: str, path: Path) -> None:
    # Not needed for a file.
    from alexnet_pipe.project.checkout import NoRepositoryError
    from alexnet_pipe.project.revisions import NoRevisionError, open_revision

    try:
        revision = open_revision(Path(), name)
    except (NoRepositoryError, NoRevisionError) as error:
        raise UserError(f"{name} is no file, and {error}") from None
    revision.fetch(MODEL, path)


def refuse_equal_ids(photographs: Sequence[Path]) -> None:
    """
    Raises:
        UserError: if two photographs have the same name without its ending, the id of Kaggle's submissions.
    """
    first: dict[str, Path] = {}
    for path in photographs:
        other = first.setdefault(path.stem, path)
        if other is not path:
            names = f"{printable(other)} and {printable(path)}"
            raise UserError(f"{names} would have the same id, {printable(path.stem)!r}: rename one, or leave it out")
