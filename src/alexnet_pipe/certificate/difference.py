"""How two versions of an artifact differ, said in the terms of its kind."""

import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.terminal import shortened
from alexnet_pipe.certificate.arrays import array_difference, image_difference
from alexnet_pipe.certificate.numbers import json_difference
from alexnet_pipe.certificate.tables import table_difference
from alexnet_pipe.certificate.weights import weight_difference
from alexnet_pipe.store.layout import INDEX_FILE

_BY_ENDING: dict[str, Callable[[Path, Path], tuple[bool, str]]] = {
    ".json": json_difference,
    ".csv": table_difference,
    ".parquet": table_difference,
    ".npy": array_difference,
    ".keras": weight_difference,
}


def difference(before: Path, now: Path) -> tuple[bool, str]:
    """What is different in two files or folders whose bytes are.

    Returns:
        Whether they differ in nothing but the time that the work took, and what differs, in words.
    """
    if before.is_dir():
        return image_difference(before, now) if (before / INDEX_FILE).exists() else _folder_difference(before, now)
    try:
        return _BY_ENDING.get(before.suffix, _text_difference)(before, now)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile):  # It is not what its name says.
        return False, f"{before.stat().st_size:,} bytes, now {now.stat().st_size:,}"


def _text_difference(before: Path, now: Path) -> tuple[bool, str]:
    old, new = (Counter(path.read_text(encoding="utf-8").splitlines()) for path in (before, now))
    return False, f"{max((old - new).total(), (new - old).total()):,} of {new.total():,} lines differ"


def _folder_difference(before: Path, now: Path) -> tuple[bool, str]:
    old, new = ({str(path.relative_to(folder)): path for path in _files(folder)} for folder in (before, now))
    differ = [name for name in old.keys() & new.keys() if file_digest(old[name]) != file_digest(new[name])]
    names = sorted([*differ, *(old.keys() ^ new.keys())])
    return False, f"{len(names)} of {len(old | new)} files differ: {shortened(names)}"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
