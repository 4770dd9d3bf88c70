"""Images in Parquet files, as Hugging Face keeps them: a column of bytes, and columns that say what they show."""

import csv
import io
import json
import resource
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.datasets.archive import LARGEST, check_total, damaged
from alexnet_pipe.datasets.folder import is_image_name

TABLE = "metadata.csv"
"""What the other columns become: Hugging Face's own form of a table beside images."""

LARGEST_GROUP = 1 << 32
"""Bytes that a group of rows may unpack to."""

ROOM = 1 << 29
"""Bytes of memory that reading takes beside the rows, generously."""

_COPIES = 4
"""How often a row is in memory: as a page, a column, an object and an entry."""

_LONGEST = 200
"""Characters of the longest cell of a column that may hold labels; captions are longer."""

_ENDINGS = {b"\x89PNG": ".png", b"GIF8": ".gif", b"RIFF": ".webp", b"II*\0": ".tif", b"MM\0*": ".tif", b"BM": ".bmp"}

_Features = Mapping[str, Mapping[str, Any]]


def unpack_parquet(source: Path, target: Path, packed: int, where: str) -> None:
    """Write the images of a Parquet file, and a table of its other columns, into the tar archive `target`.

    Images are numbered by row. Numbers of classes become their names, where the file has them (`ClassLabel`).

    Args:
        source: The Parquet file.
        target: The tar archive to write.
        packed: How many bytes it all comes from, which says what a bomb is.
        where: What messages call the file.

    Raises:
        UserError: if it is damaged, has no column of images or several, or refers to images outside of it.
    """
    import pyarrow as pa
    from pyarrow import parquet

    with tarfile.open(target, "w") as out, damaged(where):
        try:
            with parquet.ParquetFile(source, buffer_size=1 << 20) as file:
                largest = _largest_group(file.metadata, packed, where)
                with _memory(ROOM + _COPIES * largest, where):
                    _write(file, out, packed, where)
        except pa.ArrowException as error:
            raise ValueError(*error.args) from None


def _largest_group(metadata: Any, packed: int, where: str) -> int:
    """Of rows, in bytes, as the file says."""
    sizes = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
    if max(sizes, default=0) > LARGEST_GROUP:
        raise UserError(
            f"{where}: a group of rows has {max(sizes):,} bytes, more than {LARGEST_GROUP:,}: write smaller ones"
        )
    check_total("its rows", sum(sizes), packed, where)
    return max(sizes, default=0)


@contextmanager
def _memory(room: int, where: str) -> Iterator[None]:
    """Hold the block to so many bytes more than there are: what a file says of its rows need not be true."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = getattr(psutil.Process().memory_info(), "data", 0) + room
    if most == room or (soft != resource.RLIM_INFINITY and most > soft):  # No Linux, or held to less.
        yield
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    except MemoryError:
        raise UserError(f"{where} takes more memory than it says that its rows have: fetch or pack it again") from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _write(file: Any, out: tarfile.TarFile, packed: int, where: str) -> None:
    schema = file.schema_arrow
    features = _features(schema)
    images = _image_column(schema, features, where)
    others = [field.name for field in schema if _is_plain(field.type) and field.name != images]
    cells: dict[str, list[str]] = {"file_name": [], **{name: [] for name in others if name != "file_name"}}
    total = missing = 0
    for number, row in enumerate(_rows(file, [images, *others])):
        content, path = _image(row[images], where)
        if content is None:
            missing += 1
            continue
        name = f"{number:07}{_ending(content, path)}"
        total += len(content)
        check_total(name, total, packed, where)
        _add(out, name, content)
        for column in cells:
            cells[column].append(name if column == "file_name" else _cell(row[column], features.get(column, {}), where))
    if not cells["file_name"]:
        raise UserError(f"{where} has no row with an image: fill or remove it")
    _add(out, TABLE, _table(cells))
    if missing:
        say(f"download: {printable(where)}: rows without an image, left out: {missing:,}")


def _features(schema: Any) -> _Features:
    """What Hugging Face has noted of the columns; nothing in files of others."""
    noted = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    for key in ("info", "features"):
        noted = noted.get(key) if isinstance(noted, dict) else None
    return {name: feature for name, feature in (noted or {}).items() if isinstance(feature, dict)}


def _image_column(schema: Any, features: _Features, where: str) -> str:
    found = [field.name for field in schema if _holds_bytes(field.type)]
    if features:
        found = [name for name in found if features.get(name, {}).get("_type") == "Image"]
    found = [name for name in found if name == "image"] or found
    if len(found) != 1:
        said = f"several columns of images ({', '.join(map(repr, found[:3]))})" if found else "no column of images"
        raise UserError(f"{where} has {said}: there must be one, or one with the name `image`")
    return found[0]


def _holds_bytes(kind: Any) -> bool:
    from pyarrow import types

    if types.is_struct(kind):
        return any(field.name == "bytes" and _holds_bytes(field.type) for field in kind)
    return types.is_binary(kind) or types.is_large_binary(kind)


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    if types.is_list(kind):  # Several labels: as text, they are refused, and no other column is taken for the label.
        return _is_plain(kind.value_type)
    checks = (types.is_string, types.is_large_string, types.is_integer, types.is_boolean, types.is_floating)
    return types.is_dictionary(kind) or any(check(kind) for check in checks)


def _rows(file: Any, columns: list[str]) -> Iterator[dict[str, Any]]:
    # Repeated values are kept once: a small file may hold many large rows, so they are read one by one.
    for batch in file.iter_batches(batch_size=1, columns=columns, use_threads=False):
        yield from batch.to_pylist()


def _image(value: Any, where: str) -> tuple[bytes | None, str]:
    """The bytes of an image and what it was called."""
    record = value if isinstance(value, dict) else {"bytes": value}
    content, path = record.get("bytes"), record.get("path") or ""
    if content is None and path:
        raise UserError(f"{where} refers to {path!r} outside of it: use a file that holds the bytes of its images")
    if content is not None and len(content) > LARGEST:
        raise UserError(f"{where}: an image has {len(content):,} bytes, more than a photograph: remove the row")
    return content, path


def _ending(content: bytes, path: str) -> str:
    if is_image_name(path):
        return path[path.rindex(".") :].lower()
    # Whatever it is, its content decides how it is decoded.
    return next((ending for magic, ending in _ENDINGS.items() if content.startswith(magic)), ".jpg")


def _cell(value: Any, feature: Mapping[str, Any], where: str) -> str:
    if feature.get("_type") != "ClassLabel":
        return "" if value is None else str(value)
    if value is None or value == -1:  # Hugging Face's sign of a label that was not published.
        return ""
    names = feature.get("names")
    known = dict(enumerate(names)) if isinstance(names, list) else {}
    if value not in known:
        raise UserError(f"{where} has a label {value!r}, but names of {len(known):,} classes: correct the file")
    return str(known[value])


def _table(cells: Mapping[str, list[str]]) -> bytes:
    kept = {name: column for name, column in cells.items() if max(map(len, column), default=0) <= _LONGEST}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(kept)
    writer.writerows(zip(*kept.values(), strict=True))
    return text.getvalue().encode()


def _add(out: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    out.addfile(entry, io.BytesIO(content))
    out.members = []  # type: ignore[attr-defined] # It would remember every entry.
