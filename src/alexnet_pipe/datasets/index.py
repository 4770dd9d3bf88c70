"""Index photographs wherever they lie: label, split and place of each."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.progress import say
from alexnet_pipe.datasets.archive_file import open_archive
from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.datasets.layout import index_members
from alexnet_pipe.datasets.place import FOLDER, WHOLE_FILE, Place
from alexnet_pipe.datasets.text_list import chosen_lines

COLUMNS = ["container", "member", "label", "split", "offset", "packed", "bytes", "deflated", "crc"]


def index_archive(path: Path, where: str) -> pd.DataFrame:
    """The photographs of a zip or tar archive, labelled by their folders.

    Returns:
        One row a photograph: container (the archive's file name), member, label, split ("train", where there are no
        split folders), the fields of its `Place`, and crc (the CRC-32 of its content if the archive has one).

    Raises:
        UserError: for whatever `open_archive` and `index_members` refuse; `where` is what the message calls it.
    """
    with open_archive(path, where) as archive:
        members = {member.name: member for member in archive.members()}
        rows = _labelled(members, archive.folders(), where)
    places = {name: member.place for name, member in members.items()}
    crcs = {name: member.crc for name, member in members.items()}
    return with_places(rows, path.name, places, crcs)


def index_folder(folder: Path, where: str) -> pd.DataFrame:
    """The photographs of a folder; otherwise as `index_archive`."""
    found = walk(folder)
    places = {name: _whole_file(path) for name, path in found.files.items()}
    return with_places(_labelled(places, found.empty, where), FOLDER, places)


def index_lists(lists: Mapping[Path, str], where: str) -> pd.DataFrame:
    """The photographs that text lists name, as paths relative to the lists' folder; otherwise as `index_archive`."""
    lines = list(chosen_lines(lists))
    packed = [f"{split}/{line.label}/{number}" for number, (split, _, line) in enumerate(lines)]
    rows = _labelled(packed, (), where).assign(member=[line.path for _, _, line in lines])
    return with_places(rows, FOLDER, {line.path: _whole_file(path) for _, path, line in lines})


def with_places(
    rows: pd.DataFrame, container: str, places: Mapping[str, Place], crcs: Mapping[str, int | None] | None = None
) -> pd.DataFrame:
    """`rows` (member, label, split) with container, place and checksum, by member name."""
    found = pd.DataFrame([places[member] for member in rows["member"]], columns=list(Place._fields), index=rows.index)
    crc = rows["member"].map(crcs or {}).astype("Int64")
    return rows.assign(container=container, **found, crc=crc)[COLUMNS]


def _labelled(names: Iterable[str], folders: Iterable[str], where: str) -> pd.DataFrame:
    rows, outside = index_members(list(names), folders, where)
    if outside:
        say(f"download: files outside any class folder, ignored: {outside:,}")
    return rows


def _whole_file(path: Path) -> Place:
    size = path.stat().st_size
    return Place(WHOLE_FILE, size, size)
