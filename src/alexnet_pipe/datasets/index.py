"""Index photographs wherever they lie: label, split and place of each."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from alexnet_pipe.base.progress import say
from alexnet_pipe.datasets.archive import Member
from alexnet_pipe.datasets.archive_file import open_archive
from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.datasets.folders.layout import listed_members
from alexnet_pipe.datasets.labelling.choice import chosen_labels
from alexnet_pipe.datasets.labelling.labelled import Files
from alexnet_pipe.datasets.place import FOLDER, WHOLE_FILE, Place
from alexnet_pipe.datasets.text_list import chosen_lines

COLUMNS = ["container", "member", "label", "split", "offset", "packed", "bytes", "deflated", "crc"]


def index_archive(path: Path, where: str, labels: str | None = None) -> pd.DataFrame:
    """The photographs of a zip or tar archive, labelled as `datasets.labelling.choice.chosen_labels` finds out.

    Args:
        path: The archive.
        where: What messages call it.
        labels: What the labels are, if it has to be told.

    Returns:
        One row a photograph: container (the archive's file name), member, label, split ("train", where nothing says
        otherwise), the fields of its `Place`, and crc (the CRC-32 of its content if the archive has one). Its attribute
        `labels` says where the labels are from, if not from class folders.

    Raises:
        UserError: for whatever `open_archive` and `chosen_labels` refuse.
    """
    with open_archive(path, where) as archive:
        members = {member.name: member for member in archive.members()}
        sizes = {name: member.place.bytes for name, member in members.items()}
        crcs = {name: member.crc for name, member in members.items() if member.crc is not None}
        files = Files(sizes, archive.folders(), lambda name: b"".join(archive.chunks(members[name])), where, crcs)
        rows = _labelled(files, labels)
    return _in_archive(rows, path, members)


def index_packed_lists(path: Path, where: str) -> pd.DataFrame:
    """The photographs of a zip archive that `text_list.pack_lists` has made; otherwise as `index_archive`."""
    with open_archive(path, where) as archive:
        members = {member.name: member for member in archive.members()}
    return _in_archive(listed_members(list(members), where), path, members)


def _in_archive(rows: pd.DataFrame, path: Path, members: Mapping[str, Member]) -> pd.DataFrame:
    places = {name: member.place for name, member in members.items()}
    crcs = {name: member.crc for name, member in members.items()}
    return with_places(rows, path.name, places, crcs)


def index_folder(folder: Path, where: str, labels: str | None = None) -> pd.DataFrame:
    """The photographs of a folder; otherwise as `index_archive`."""
    found = walk(folder)
    places = {name: _whole_file(path) for name, path in found.files.items()}
    sizes = {name: place.bytes for name, place in places.items()}
    files = Files(sizes, found.empty, lambda name: found.files[name].read_bytes(), where)
    return with_places(_labelled(files, labels), FOLDER, places)


def index_lists(lists: Mapping[Path, str], where: str) -> pd.DataFrame:
    """The photographs that text lists name, as paths relative to the lists' folder; otherwise as `index_archive`."""
    lines = list(chosen_lines(lists))
    packed = [f"{split}/{line.label}/{number}" for number, (split, _, line) in enumerate(lines)]
    rows = listed_members(packed, where).assign(member=[line.path for _, _, line in lines])
    return with_places(rows, FOLDER, {line.path: _whole_file(path) for _, path, line in lines})


def with_places(
    rows: pd.DataFrame, container: str, places: Mapping[str, Place], crcs: Mapping[str, int | None] | None = None
) -> pd.DataFrame:
    """`rows` (member, label, split) with container, place and checksum, by member name."""
    found = pd.DataFrame([places[member] for member in rows["member"]], columns=list(Place._fields), index=rows.index)
    crc = rows["member"].map(crcs or {}).astype("Int64")
    return rows.assign(container=container, **found, crc=crc)[COLUMNS]


def _labelled(files: Files, labels: str | None) -> pd.DataFrame:
    found = chosen_labels(files, labels)
    for remark in found.remarks:
        say(f"download: {remark}")
    if found.origin:
        say(f"download: labels from {found.origin}")
        found.rows.attrs["labels"] = found.origin
    return found.rows


def _whole_file(path: Path) -> Place:
    size = path.stat().st_size
    return Place(WHOLE_FILE, size, size)
