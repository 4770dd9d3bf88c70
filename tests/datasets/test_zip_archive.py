"""Zip archives are indexed as their directory says, if that can be true; hostile ones are refused by name."""

import stat
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive_file import open_archive
from tests.datasets.archives import FILES, LONG, contents, refused
from tests.datasets.files import patched, tar_entry, write_entries, write_zip


def zip_with(path: Path, info: zipfile.ZipInfo, content: bytes = b"content") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_read_by_place(tmp_path: Path, compression: int) -> None:
    path = write_zip(tmp_path / "a.zip", FILES, compression)
    with open_archive(path) as archive:
        assert [member.name for member in archive.members()] == list(FILES)
        assert archive.in_place
    assert contents(path) == FILES


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_read_but_not_by_place(tmp_path: Path, method: int) -> None:
    with open_archive(write_zip(tmp_path / "a.zip", FILES, method)) as archive:
        assert not archive.in_place
        assert {member.name: b"".join(archive.chunks(member)) for member in archive.members()} == FILES


@pytest.mark.parametrize(("method", "name"), [(9, "deflate64"), (93, "zstd|93"), (98, "ppmd")])
def test_compressions_that_cannot_be_read_are_refused(tmp_path: Path, method: int, name: str) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"content"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 10] = method
    path.write_bytes(content)
    refused(path, rf"member 'cats/1\.jpg' is compressed by ({name}): pack the archive again by deflate")


def test_long_names_with_spaces_and_line_ends_are_kept_in_a_zip(tmp_path: Path) -> None:
    files = {LONG: b"cat", "x" * 255: b"dog"}
    assert contents(write_zip(tmp_path / "a.zip", files)) == files


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_of_two_files_of_one_name_the_later_one_counts(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".zip":
        patched(write_zip(path, {"cats/0": b"first", "cats/1": b"later"}), b"cats/0", b"cats/1")
        patched(path, b"cats/0", b"cats/1")
    else:
        write_entries(path, [(tar_entry("cats/1", size=5), b"first"), (tar_entry("cats/1", size=5), b"later")])
    assert contents(path) == {"cats/1": b"later"}


def test_a_zip_behind_a_program_is_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", FILES, zipfile.ZIP_DEFLATED)
    path.write_bytes(b"MZ program" * 100 + path.read_bytes())
    assert contents(path) == FILES


def test_a_zip_that_was_written_to_a_pipe_is_read(tmp_path: Path) -> None:
    class Pipe:
        def __init__(self) -> None:
            self.content = b""

        def write(self, piece: bytes) -> int:
            self.content += piece
            return len(piece)

        def flush(self) -> None:
            pass

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, content in FILES.items():
            archive.writestr(name, content)
    (tmp_path / "a.zip").write_bytes(pipe.content)
    assert b"PK\7\10" in pipe.content
    assert contents(tmp_path / "a.zip") == FILES


def test_zip64_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in FILES.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(content)
    assert contents(tmp_path / "a.zip") == FILES


def test_names_with_a_zero_byte_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1#.jpg": b""})
    path.write_bytes(path.read_bytes().replace(b"#", b"\0"))
    refused(path, r"member 'cats/1\\x00\.jpg' has a zero byte in its name")


@pytest.mark.parametrize("system", [3, 19])
@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, mode: int, system: int) -> None:
    info = zipfile.ZipInfo("cats/1.jpg")
    info.create_system, info.external_attr = system, (mode | 0o777) << 16
    refused(zip_with(tmp_path / "a.zip", info), r"a\.zip: member 'cats/1\.jpg' is a link or a device")


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"content"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    refused(path, r"member 'cats/1\.jpg' is encrypted: pack the archive again without a pass")


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"1": b"x" * 100, "2": b"x" * 100})
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\1\2") + 42] = 0
    path.write_bytes(content)
    refused(path, r"member '2' shares its bytes with another member")


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = patched(write_zip(tmp_path / "a.zip", FILES, zipfile.ZIP_BZIP2), b"BZh", b"BZx")
    with open_archive(path) as archive, pytest.raises(UserError, match=r"member 'cats/1\.jpg' is damaged"):
        list(archive.chunks(archive.members()[0]))
