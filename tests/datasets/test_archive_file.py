"""Archives are copied as they are, or packed anew without a byte of what is hostile in them."""

import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from alexnet_pipe.datasets.archive_file import copy_archive, obstacle
from alexnet_pipe.datasets.folder import ending_of
from alexnet_pipe.datasets.pack import repack
from tests.datasets.files import (
    PACKERS,
    contents,
    patched,
    repack_refused,
    tar_entry,
    write_entries,
    write_tar,
    write_zip,
    written_below,
)

FILES = {"cats/1.jpg": b"cat" * 1000, "dogs/é \n.jpg": b"dog", "dogs/empty.jpg": b""}
LONG = "dogs/" + 250 * "n" + ".jpg"


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.zip", ".zip"),
        ("a.TAR.GZ", ".TAR.GZ"),
        ("a.b.tgz", ".tgz"),
        ("a.tar.xz", ".tar.xz"),
        ("zip", ""),
        ("a.7z", ""),
    ],
)
def test_endings_are_known_in_any_case(name: str, ending: str) -> None:
    assert ending_of(Path(name)) == ending


def test_what_can_be_read_in_place_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert not obstacle(write_zip(tmp_path / "a.zip", FILES, zipfile.ZIP_DEFLATED))
    assert obstacle(write_zip(tmp_path / "b.zip", FILES, zipfile.ZIP_BZIP2))
    assert not obstacle(write_tar(tmp_path / "a.tar", FILES))
    assert not obstacle(write_tar(tmp_path / "not compressed.tar.gz", FILES))
    for compression in PACKERS:
        assert obstacle(write_tar(tmp_path / "c.tar", FILES, compression))


@pytest.mark.parametrize("name", ["BZhang/1.jpg", "BZh9/1.jpg"])
def test_a_tar_whose_first_name_begins_like_bzip2_is_a_tar(tmp_path: Path, name: str) -> None:
    assert not obstacle(write_tar(tmp_path / "a.tar", {name: b""}))


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_a_copy_has_the_same_bytes(tmp_path: Path, packed: Path, name: str) -> None:
    source = (write_zip if name == "a.zip" else write_tar)(tmp_path / name, FILES)
    copy_archive(source, packed)
    assert packed.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("compression", sorted(PACKERS))
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_compressed_tar_is_packed_anew(tmp_path: Path, packed: Path, compression: str, form: int) -> None:
    files = FILES if form == tarfile.USTAR_FORMAT else FILES | {LONG: b"long"}
    repack(write_tar(tmp_path / f"a.tar.{compression}", files, compression, format=form), packed)
    assert contents(packed) == files
    assert list(packed.parent.iterdir()) == [packed]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_another_compression_is_packed_anew(tmp_path: Path, packed: Path, method: int) -> None:
    repack(write_zip(tmp_path / "a.zip", FILES | {LONG: b"long", "__MACOSX/1": b""}, method), packed)
    assert contents(packed) == FILES | {LONG: b"long"}


def test_of_two_files_of_one_name_the_later_one_is_packed(tmp_path: Path, packed: Path) -> None:
    entries = [(tar_entry("./cats/1", size=5), b"first"), (tar_entry("cats/1", size=5), b"later")]
    repack(write_entries(tmp_path / "a.tgz", entries, "gz"), packed)
    assert contents(packed) == {"cats/1": b"later"}


HOSTILE: dict[str, tuple[tarfile.TarInfo, str]] = {
    "absolute": (tar_entry("/tmp/HOSTILE", size=7), "leads out of the archive"),
    "parent": (tar_entry("cats/../../HOSTILE", size=7), "leads out of the archive"),
    "link": (tar_entry("cats/HOSTILE", tarfile.SYMTYPE), "is a link or a device"),
    "hard link": (tar_entry("cats/HOSTILE", tarfile.LNKTYPE), "is a link or a device"),
    "device": (tar_entry("cats/HOSTILE", tarfile.BLKTYPE), "is a link or a device"),
    "pipe": (tar_entry("cats/HOSTILE", tarfile.FIFOTYPE), "is a link or a device"),
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
@pytest.mark.parametrize("compression", sorted(PACKERS))
def test_no_byte_of_a_hostile_entry_is_written(tmp_path: Path, packed: Path, kind: str, compression: str) -> None:
    entry, message = HOSTILE[kind]
    entries = [(tar_entry("cats/1", size=3), b"cat"), (entry, b"payload"), (tar_entry("cats/2", size=3), b"dog")]
    repack_refused(
        write_entries(tmp_path / f"a.tar.{compression}", entries, compression), packed, rf"HOSTILE' {message}"
    )
    assert not any(text in written_below(packed.parent) for text in (b"HOSTILE", b"payload", b"passwd"))
    assert not Path("/tmp/HOSTILE").exists()


@pytest.mark.parametrize("compression", sorted(PACKERS))
@pytest.mark.parametrize("cut", [1, 5, 8, 12, 40])
def test_a_cut_compressed_tar_is_damaged(tmp_path: Path, packed: Path, compression: str, cut: int) -> None:
    source = write_tar(tmp_path / "a.tgz", FILES, compression)
    source.write_bytes(source.read_bytes()[:-cut])
    repack_refused(source, packed, r"a\.tgz is damaged or of an unknown kind")


@pytest.mark.parametrize("compression", sorted(PACKERS))
@pytest.mark.parametrize("kept", [100, 512, 1000, 512 * 7, 512 * 9])
def test_a_tar_that_was_cut_before_it_was_compressed_is_damaged(
    tmp_path: Path, packed: Path, compression: str, kept: int
) -> None:
    # 512 bytes of header and 3,072 of content, then two headers and a block; without the blocks that mark the end.
    tar = write_tar(tmp_path / "a.tar", FILES, format=tarfile.GNU_FORMAT).read_bytes()[:kept]
    (tmp_path / "a.tgz").write_bytes(PACKERS[compression].compress(tar))
    repack_refused(tmp_path / "a.tgz", packed, r"a\.tgz is damaged or of an unknown kind")


@pytest.mark.parametrize("which", [-8, -1])
def test_a_gz_with_a_wrong_checksum_or_size_is_damaged(tmp_path: Path, packed: Path, which: int) -> None:
    source = write_tar(tmp_path / "a.tgz", FILES, "gz")
    content = bytearray(source.read_bytes())
    content[which] ^= 1
    source.write_bytes(content)
    repack_refused(source, packed, r"a\.tgz is damaged or of an unknown kind \((CRC check|Incorrect length)")


def test_a_damaged_member_of_a_zip_that_is_packed_anew_is_named(tmp_path: Path, packed: Path) -> None:
    source = patched(write_zip(tmp_path / "a.zip", FILES, zipfile.ZIP_BZIP2), b"1AY&SY", b"1AY&SX")
    repack_refused(source, packed, r"member 'cats/1\.jpg' is damaged")


def test_a_full_disk_is_no_damage(tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_tar(tmp_path / "a.tgz", FILES, "gz")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OSError, match="No space left"):
        repack(source, packed)
    assert list(packed.parent.iterdir()) == []
