"""Archives are read in place; damaged and hostile ones are refused with a line that names the member."""

import stat
import tarfile
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from alexnet_pipe.datasets.archive import Member, open_archive
from alexnet_pipe.errors import UserError
from tests.datasets.files import write_tar, write_zip

FILES = {"cats/1.jpg": b"cat" * 1000, "dogs/é.jpg": b"dog", "empty": b""}


def read_first(path: Path) -> bytes:
    with open_archive(path) as archive:
        return archive.read("cats/1.jpg")


def zip_with(path: Path, info: zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"content")
    return path


def tar_with(path: Path, entry: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        archive.addfile(entry)
    return path


def tar_entry(name: str, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, "/etc/passwd"
    return entry


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_is_read_whatever_its_compression(tmp_path: Path, compression: int) -> None:
    with open_archive(write_zip(tmp_path / "a.zip", FILES, compression)) as archive:
        assert archive.members() == [Member(name, len(content)) for name, content in FILES.items()]
        assert {name: archive.read(name) for name in reversed(FILES)} == FILES


def test_a_tar_is_read_in_any_order(tmp_path: Path) -> None:
    with open_archive(write_tar(tmp_path / "a.tar", FILES)) as archive:
        assert archive.members() == [Member(name, len(content)) for name, content in FILES.items()]
        assert {name: archive.read(name) for name in reversed(FILES)} == FILES


def test_folder_entries_are_told_from_files(tmp_path: Path) -> None:
    with open_archive(write_zip(tmp_path / "a.zip", {"cats/": b"", "cats/1": b""})) as archive:
        assert (archive.folders(), archive.members()) == (["cats/"], [Member("cats/1", 0)])
    with open_archive(tar_with(tmp_path / "a.tar", tar_entry("cats", tarfile.DIRTYPE))) as archive:
        assert (archive.folders(), archive.members()) == (["cats"], [])


def test_several_processes_read_one_archive(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert set(pool.map(read_first, [path] * 4)) == {FILES["cats/1.jpg"]}


@pytest.mark.parametrize("name", ["/etc/1.jpg", "cats/../../1.jpg", "C:\\1.jpg", "..\\1.jpg"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    for path in (write_zip(tmp_path / "a.zip", {name: b""}), write_tar(tmp_path / "a.tar", {name: b""})):
        with pytest.raises(UserError, match=r"member .*1\.jpg' leads out of the archive: pack the archive again"):
            open_archive(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(UserError, match=r"a\.tar: member 'cats/1\.jpg' is a link or a device"):
        open_archive(tar_with(tmp_path / "a.tar", tar_entry("cats/1.jpg", kind)))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, mode: int) -> None:
    info = zipfile.ZipInfo("cats/1.jpg")
    info.create_system, info.external_attr = 3, (mode | 0o777) << 16
    with pytest.raises(UserError, match=r"a\.zip: member 'cats/1\.jpg' is a link or a device"):
        open_archive(zip_with(tmp_path / "a.zip", info))


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"content"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"member 'cats/1\.jpg' is encrypted: pack the archive again without a pass"):
        open_archive(path)


def test_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the file name 'cats/\\udce9\.jpg' is not valid UTF-8"):
        open_archive(write_tar(tmp_path / "a.tar", {"cats/\udce9.jpg": b""}))


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
@pytest.mark.parametrize("kept", [0, 1, 700, 2000])
def test_a_cut_archive_is_damaged(tmp_path: Path, name: str, kept: int) -> None:
    path = (write_zip if name == "a.zip" else write_tar)(tmp_path / name, FILES)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"is damaged or of an unknown kind \(.+\): fetch or pack it again$"):
        open_archive(path)


def test_a_tar_with_a_broken_header_in_the_middle_loses_nothing_silently(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", FILES)
    content = bytearray(path.read_bytes())
    content[content.index(b"empty")] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.tar is damaged .*no valid header at byte"):
        open_archive(path)


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", FILES)
    content = bytearray(path.read_bytes())
    content[content.index(b"catcat")] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"member 'cats/1\.jpg' is damaged"):
        read_first(path)


def test_missing_members_and_archives_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.zip is missing"):
        open_archive(tmp_path / "none.zip")
    path = write_tar(tmp_path / "a.tar", {})
    with pytest.raises(UserError, match=r"a\.tar has no member 'cats/1\.jpg'"):
        read_first(path)
