"""Whatever happens to the bytes of an archive, it is refused, or every member has a row and none is swapped."""

import hashlib
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive_file import open_archive
from alexnet_pipe.datasets.index import index_archive
from alexnet_pipe.datasets.manifest import DAMAGED, hashed
from alexnet_pipe.datasets.pack import repack
from alexnet_pipe.datasets.place import Container, Place
from tests.datasets.files import write_tar, write_zip
from tests.hostile.mutations import Mutation, flips, mutations

FILES = {
    "cats/1.jpg": bytes(range(256)) * 2,
    "cats/a long name \n" + "n" * 120: b"second cat " * 30,
    "dogs/é.jpg": b"first dog " * 30,
    "dogs/empty.jpg": b"",
}


def _originals() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        return {
            "stored.zip": write_zip(Path(folder, "1"), FILES).read_bytes(),
            "deflated.zip": write_zip(Path(folder, "2"), FILES, zipfile.ZIP_DEFLATED).read_bytes(),
            "bzip2.zip": write_zip(Path(folder, "3"), FILES, zipfile.ZIP_BZIP2).read_bytes(),
            "lzma.zip": write_zip(Path(folder, "4"), FILES, zipfile.ZIP_LZMA).read_bytes(),
            "pax.tar": write_tar(Path(folder, "5"), FILES).read_bytes(),
            "gnu.tar": write_tar(Path(folder, "6"), FILES, format=1).read_bytes(),
            "a.tar.gz": write_tar(Path(folder, "7"), FILES, "gz").read_bytes(),
            "a.tar.xz": write_tar(Path(folder, "8"), FILES, "xz").read_bytes(),
        }


ORIGINALS = _originals()


def indexed(name: str, content: bytes, folder: Path) -> tuple[Path, pd.DataFrame]:
    """The archive that would be kept, and its photographs with their digests."""
    source = folder / name
    source.write_bytes(content)
    if name.endswith((".gz", ".xz")) or name in ("bzip2.zip", "lzma.zip"):
        repack(source, folder / "packed.zip")
        source = folder / "packed.zip"
    return source, hashed(index_archive(source, name), folder)


def check_rows(source: Path, rows: pd.DataFrame) -> dict[str, bytes]:
    """Every row that has a digest is what its place gives; returns these contents."""
    found = {}
    with Container(source) as container:
        for row in rows[rows["sha256"] != DAMAGED].itertuples():
            content = container.read(row.member, Place(row.offset, row.packed, row.bytes, row.deflated))
            assert hashlib.sha256(content).hexdigest() == row.sha256
            assert row.crc is pd.NA or zlib.crc32(content) == row.crc
            found[row.member] = content
    return found


def check_error(error: UserError) -> None:
    assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("name", sorted(ORIGINALS))
def test_every_original_is_read(name: str, tmp_path: Path) -> None:
    assert check_rows(*indexed(name, ORIGINALS[name], tmp_path)) == FILES


@given(st.sampled_from(sorted(ORIGINALS)), mutations)
def test_a_mutated_archive_is_refused_or_read_as_it_is(name: str, mutation: Mutation) -> None:
    with TemporaryDirectory() as folder:
        try:
            source, rows = indexed(name, mutation(ORIGINALS[name]), Path(folder))
        except UserError as error:
            return check_error(error)
        found = check_rows(source, rows)
        if name in ("a.tar.gz", "a.tar.xz"):  # They have a checksum of everything.
            assert found == FILES
        for row in rows.itertuples():
            was = FILES.get(row.member, b"")
            same = found.get(row.member, was) == was
            assert same or row.crc is pd.NA or row.crc != zlib.crc32(was)
    return None


@given(st.sampled_from(["stored.zip", "deflated.zip", "pax.tar", "gnu.tar"]), flips)
def test_flipped_bytes_never_lose_a_member(name: str, mutation: Mutation) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(mutation(ORIGINALS[name]))
        try:
            with open_archive(path) as archive:
                members, folders = archive.members(), archive.folders()
        except UserError as error:
            return check_error(error)
        assert len(members) + len(folders) == len(FILES)
        for member in members:
            was = FILES.get(member.name)
            assert was is None or member.place.bytes == len(was) or member.crc is not None
    return None
