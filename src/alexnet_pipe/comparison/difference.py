"""How two versions of an artifact differ, said in the terms of its kind: pixels, numbers, rows, weights, lines."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.files import load_table
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.terminal import shortened
from alexnet_pipe.store.store_files import INDEX_FILE
from alexnet_pipe.training.state import TIMINGS

COURSE = frozenset({*TIMINGS, "resumed_at_steps"})
"""What tells of a run's course, as how long it took, and not of its result; names in metrics and in the history."""

_VALUES = 1 << 24
"""Of an array, that are compared at once."""

_ORIGIN = ["container", "member"]
_DIGITS = 12
_WEIGHTS = "model.weights.h5"


def difference(before: Path, now: Path) -> tuple[bool, str]:
    """What is different in two files or folders whose bytes are.

    Returns:
        Whether they differ in nothing but the time that the work took, and what differs, in words.
    """
    if before.is_dir():
        return _image_difference(before, now) if (before / INDEX_FILE).exists() else _folder_difference(before, now)
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


def _array_difference(before: Path, now: Path) -> tuple[bool, str]:
    """The share of values that differ, and the largest difference."""
    old, new = (np.load(path, mmap_mode="r") for path in (before, now))
    if (old.shape, old.dtype) != (new.shape, new.dtype):
        return False, f"{old.dtype} {old.shape}, now {new.dtype} {new.shape}"
    different, largest = 0, 0.0
    flat, flat_now = old.reshape(-1), new.reshape(-1)
    for start in range(0, old.size, _VALUES):
        gap = np.abs(np.subtract(flat_now[start : start + _VALUES], flat[start : start + _VALUES], dtype=np.float64))
        different += int(np.count_nonzero(gap))
        largest = max(largest, float(gap.max()))
    return False, f"{different / max(1, old.size):.2%} of {old.size:,} values differ, by {largest:.2g} at most"


def _image_difference(before: Path, now: Path) -> tuple[bool, str]:
    """Of two stores: the images whose pixels differ, and those that one store lacks."""
    old, new = (load_table(folder / INDEX_FILE) for folder in (before, now))
    both = old.merge(new, on=_ORIGIN, suffixes=("", "_now"))
    differ = sum(
        _different_images(before / rows["shard"].iloc[0], now / rows["shard_now"].iloc[0], rows)
        for _, rows in both.groupby(["shard", "shard_now"])
    )
    counts = {"differ": differ, "are missing": len(old) - len(both), "are new": len(new) - len(both)}
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return False, f"of {len(new):,} images {said}" if said else "the same images, listed or described differently"


def _different_images(shard: Path, shard_now: Path, rows: pd.DataFrame) -> int:
    old, new = (np.load(path, mmap_mode="r") for path in (shard, shard_now))
    places = zip(rows["row"], rows["row_now"], strict=True)
    return [np.array_equal(old[place], new[place_now]) for place, place_now in places].count(False)


def _json_difference(before: Path, now: Path) -> tuple[bool, str]:
    """Each number or text that differs, by its name."""
    old, new = (_flat(json.loads(path.read_text(encoding="utf-8"))) for path in (before, now))
    changed = [name for name in old | new if old.get(name) != new.get(name)]
    results = [name for name in changed if name.split(".")[0] not in COURSE]
    if changed and not results:
        return True, f"the same results; the run took another course: {_listed(changed, old, new)}"
    return False, _listed(results, old, new) or "the same content, written differently"


def _listed(names: list[str], old: dict[str, Any], new: dict[str, Any]) -> str:
    return shortened([_change(name, old.get(name), new.get(name)) for name in names], "; ")


def _change(name: str, old: Any, new: Any) -> str:
    if all(isinstance(value, int | float) for value in (old, new)):
        return f"{name} {old:,.6g}, now {new:,.6g} ({new - old:+,.3g})"
    return f"{name} {_short(old)}, now {_short(new)}"


def _short(value: Any) -> str:
    text = "missing" if value is None else str(value)
    return text if len(text) <= 2 * _DIGITS else f"{text[:_DIGITS]}…"


def _flat(content: Any, name: str = "") -> dict[str, Any]:
    """Each leaf by its name, as `top1_error_interval.low`."""
    if not isinstance(content, dict | list) or (name and not content):
        return {name: content}
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    return {key: leaf for part, value in pairs for key, leaf in _flat(value, f"{name}.{part}".lstrip(".")).items()}


def _table_difference(before: Path, now: Path) -> tuple[bool, str]:
    """How many rows of a CSV or Parquet file have no equal in the other."""
    old, new = (load_table(path) for path in (before, now))
    if list(old.columns) != list(new.columns):
        return False, f"columns {', '.join(old.columns)}, now {', '.join(new.columns)}"
    course = [name for name in old.columns if name in COURSE]
    rows, rows_now = (Counter(_rows(table.drop(columns=course))) for table in (old, new))
    differ = max((rows - rows_now).total(), (rows_now - rows).total())
    if differ:
        return False, f"{differ:,} of {max(len(old), len(new)):,} rows differ"
    if list(_rows(old)) == list(_rows(new)) or not course:
        return False, "the same rows in another order or encoding"
    return True, f"the same results; the run took another course: {', '.join(course)}"


def _rows(table: pd.DataFrame) -> Iterable[str]:
    columns = [[repr(_plain(value)) for value in table[name]] for name in table.columns]
    return map("\0".join, zip(*columns, strict=True))


def _plain(value: Any) -> Any:
    # Printed as it is, an array would hide its last digits.
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _weight_difference(before: Path, now: Path) -> tuple[bool, str]:
    """How far apart two `.keras` files are, read without the framework that made them.

    A relative difference is the largest difference in a tensor, as a share of the tensor's largest magnitude.
    """
    old, new = map(_tensors, (before, now))
    if {name: tensor.shape for name, tensor in old.items()} != {name: tensor.shape for name, tensor in new.items()}:
        return False, "another architecture"
    gaps = {name: _relative(tensor, new[name]) for name, tensor in old.items()}
    worst = max(gaps, key=lambda name: gaps[name])
    if not gaps[worst]:
        return False, "the same weights, another configuration"
    differ = sum(gap > 0 for gap in gaps.values())
    return False, f"{differ} of {len(gaps)} tensors differ, by {gaps[worst]:.2g} of the largest value at most ({worst})"


def _relative(old: NDArray[np.float32], new: NDArray[np.float32]) -> float:
    return float(np.abs(new - old).max() / max(np.abs(old).max(), np.finfo(np.float32).tiny))


def _tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Each tensor by its path in the file, as `layers/alexnet/layers/conv2d/vars/0`."""
    found: dict[str, NDArray[np.float32]] = {}

    def collect(name: str, entry: h5py.Group | h5py.Dataset) -> None:
        if isinstance(entry, h5py.Dataset):
            found[name] = np.asarray(entry, np.float32)

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(_WEIGHTS))) as weights:
        weights.visititems(collect)
    return found


_BY_ENDING: dict[str, Callable[[Path, Path], tuple[bool, str]]] = {
    ".json": _json_difference,
    ".csv": _table_difference,
    ".parquet": _table_difference,
    ".npy": _array_difference,
    ".keras": _weight_difference,
}
