"""The directory of a zip archive is believed only as far as the members bear it out."""

import struct
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.datasets.archive_file import open_archive
from tests.datasets.archives import contents, refused
from tests.datasets.files import patched, write_zip

ZIP64 = struct.Struct("<HHQQ")


def test_zip64_sizes_in_the_directory_are_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"content"})
    content = path.read_bytes()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry = bytearray(content[start:end])
    entry[20:28], entry[30:32] = b"\xff" * 8, struct.pack("<H", ZIP64.size)
    entry += ZIP64.pack(1, 16, 7, 7)
    tail = bytearray(content[end:])
    tail[12:16] = struct.pack("<I", len(entry))
    path.write_bytes(content[:start] + entry + tail)
    assert contents(path) == {"cats/1.jpg": b"content"}
    patched(path, ZIP64.pack(1, 16, 7, 7), ZIP64.pack(1, 16, 1 << 40, 7))
    refused(path, r"member 'cats/1\.jpg' has 1,099,511,627,776 bytes, more than a photograph")


def test_a_directory_that_leads_to_another_member_is_refused(tmp_path: Path) -> None:
    # Size and checksum agree, and the photograph of the dog would be a cat.
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"same", "dogs/1.jpg": b"same"})
    content = path.read_bytes()
    first, second = content.index(b"PK\1\2"), content.rindex(b"PK\1\2")
    offsets = content[first + 42 : first + 46], content[second + 42 : second + 46]
    swapped = bytearray(content)
    swapped[first + 42 : first + 46], swapped[second + 42 : second + 46] = offsets[1], offsets[0]
    path.write_bytes(swapped)
    refused(path, r"is damaged .*where member 'cats/1\.jpg' should be is 'dogs/1\.jpg'")


@pytest.mark.parametrize("field", [30, 32])
def test_an_entry_of_the_directory_that_swallows_the_next_one_is_refused(tmp_path: Path, field: int) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"cat", "dogs/1.jpg": b"dog"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + field] = 46 + len("dogs/1.jpg")
    path.write_bytes(content)
    refused(path, r"a\.zip is damaged")


@pytest.mark.parametrize(("declared", "good"), [(1, True), (0xFFFF, True), (2, False), (0, False)])
def test_the_entries_of_a_zip_are_counted(tmp_path: Path, declared: int, good: bool) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"cat"})
    content = bytearray(path.read_bytes())
    content[-12:-10] = struct.pack("<H", declared)
    path.write_bytes(content)
    if good:
        assert contents(path) == {"cats/1.jpg": b"cat"}
    else:
        refused(path, rf"is damaged .*its directory should have {declared} entries and has 1\)")


def test_a_zip_with_a_comment_and_more_members_than_old_zip_can_count_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(0x10001):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
        archive.comment = b"comment" * 1000
    with open_archive(tmp_path / "a.zip") as opened:
        assert len(opened.members()) == 0x10001
    patched(tmp_path / "a.zip", struct.pack("<QQ", 0x10001, 0x10001), struct.pack("<QQ", 0x10001, 0x10002))
    refused(tmp_path / "a.zip", r"its directory should have 65,538 entries and has 65,537")


@pytest.mark.parametrize("offset", [1, 60, 0x7FFFFFFF])
def test_a_directory_that_leads_nowhere_is_refused(tmp_path: Path, offset: int) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"cat"})
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\1\2")
    content[entry + 42 : entry + 46] = struct.pack("<I", offset)
    path.write_bytes(content)
    refused(path, r"is damaged .*no header of member 'cats/1\.jpg' at byte")
