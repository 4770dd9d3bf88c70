"""Tar archives are indexed as their headers say, to the end; hostile ones are refused by name."""

import tarfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive_formats import TarArchive
from alexnet_pipe.datasets.place import Container
from tests.datasets.archives import FILES, LONG, contents, places, refused
from tests.datasets.files import patched, tar_entry, write_entries, write_tar


def read_in_a_process(path: Path) -> bytes:
    return contents(path)["cats/1.jpg"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_of_every_form_is_read_by_place(tmp_path: Path, form: int) -> None:
    names = ["a/" * 70 + "b" * 80] if form == tarfile.USTAR_FORMAT else [LONG, "x" * 255]
    files = FILES | {name: name.encode() for name in names}
    assert contents(write_tar(tmp_path / "a.tar", files, format=form)) == files


def test_several_processes_read_one_archive(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert set(pool.map(read_in_a_process, [path] * 4)) == {FILES["cats/1.jpg"]}


def test_a_tar_inside_a_tar_is_read_and_ends_where_it_ends(tmp_path: Path) -> None:
    inner = write_tar(tmp_path / "cats.tar", {"1.jpg": b"cat"}).read_bytes()
    outer = write_tar(tmp_path / "a.tar", {"cats.tar": inner, "dogs.tar": b"not a tar" * 100})
    place = places(outer)["cats.tar"]
    with TarArchive(outer, "inner", place.offset, place.bytes) as archive, Container(outer) as container:
        archive.check()
        assert [container.read(*member[:2]) for member in archive.members()] == [b"cat"]
    with TarArchive(outer, "inner", place.offset, 600) as archive, pytest.raises(UserError, match="more than are left"):
        archive.check()


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    refused(write_tar(tmp_path / "a.tar", {"cats/\udce9.jpg": b""}), r"'cats/\\udce9\.jpg' is not valid UTF-8")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    hostile, harmless = (tar_entry("cats/1.jpg", kind), b""), (tar_entry("cats/1.jpg"), b"")
    for entries in ([hostile], [hostile, harmless]):
        refused(write_entries(tmp_path / "a.tar", entries), r"a\.tar: member 'cats/1\.jpg' is a link or a device")


def test_sparse_files_are_refused(tmp_path: Path) -> None:
    entry = tar_entry("cats/1.jpg")
    entry.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "1099511627776"}
    refused(write_entries(tmp_path / "a.tar", [(entry, b"")]), r"member 'cats/1\.jpg' is a sparse file")


@pytest.mark.parametrize("kept", [512, 1024, 1024 + 511, 1024 + 512, 1536 + 100, 2048])
def test_a_tar_that_is_cut_anywhere_is_damaged(tmp_path: Path, kept: int) -> None:
    # Two members, each with a header and a block; at 2,048 only the blocks that mark the end are missing.
    path = write_tar(tmp_path / "a.tar", {"cats/1.jpg": b"cat", "dogs/1.jpg": b"dog"})
    path.write_bytes(path.read_bytes()[:kept])
    refused(path, r"a\.tar is damaged")


def test_a_tar_with_a_broken_header_in_the_middle_loses_nothing_silently(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES)
    refused(patched(path, b"empty", b"fmpty"), r"a\.tar is damaged .*no valid header at byte")


def test_a_tar_whose_entries_lead_backwards_ends(tmp_path: Path) -> None:
    entry = tar_entry("cats/1.jpg")
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 4 + (-512).to_bytes(8, "big", signed=True)
    header[148:156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32)
    (tmp_path / "a.tar").write_bytes(header + bytes(1024))
    refused(tmp_path / "a.tar", r"is damaged .*'cats/1\.jpg' has -512 bytes")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_header_of_gigabytes_is_not_read(tmp_path: Path, kind: bytes) -> None:
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(tar_entry("x", kind, 1 << 32).tobuf(tarfile.GNU_FORMAT))
        file.truncate(1 << 33)
    refused(tmp_path / "a.tar", r"is damaged .*a header of 4,294,967,296 bytes at byte 512")


def test_a_chain_of_headers_without_an_end_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar_entry("x", tarfile.GNUTYPE_LONGNAME).tobuf() * 3000)
    refused(tmp_path / "a.tar", r"a\.tar is damaged")
