"""Archives that are small and unpack to very much are refused, and hardly a byte of them is written."""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.datasets import archive
from alexnet_pipe.datasets.archive import HARMLESS
from alexnet_pipe.datasets.archive_file import repack
from alexnet_pipe.errors import UserError
from tests.datasets.files import (
    tar_entry,
    write_zip,
    written_below,
)

PACKERS = {"gz": gzip, "bz2": bz2, "xz": lzma}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target/a.zip"


def refused(source: Path, target: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        repack(source, target)
    assert "\n" not in str(caught.value)
    assert not (target.parent / "unpacked.tar").exists()


TOGETHER = 2 * HARMLESS


@pytest.fixture
def small_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "HARMLESS_TOGETHER", TOGETHER)


@pytest.mark.parametrize("compression", sorted(PACKERS))
def test_a_bomb_is_refused_and_not_written(tmp_path: Path, target: Path, compression: str) -> None:
    tar = tar_entry("bomb", size=HARMLESS + 512).tobuf() + bytes(HARMLESS + 512)
    (tmp_path / "a.tgz").write_bytes(PACKERS[compression].compress(tar))
    refused(tmp_path / "a.tgz", target, r"member 'bomb' unpacks to 16,777,728 bytes from [\d,]+: pack the archive")
    assert len(written_below(target.parent)) < 20_000


@pytest.mark.usefixtures("small_total")
def test_a_bomb_of_many_harmless_files_is_refused(tmp_path: Path, target: Path) -> None:
    packer = bz2.BZ2Compressor()
    entry = tar_entry("cats/0", size=HARMLESS).tobuf() + bytes(HARMLESS)
    content = b"".join(packer.compress(entry) for _ in range(TOGETHER // HARMLESS + 1)) + packer.flush()
    (tmp_path / "a.tar.bz2").write_bytes(content)
    refused(
        tmp_path / "a.tar.bz2", target, r"'cats/0' and those before it unpack to 33,\d+,\d+ bytes from [\d,]+: pack"
    )


@pytest.mark.usefixtures("small_total")
def test_a_bomb_behind_the_end_is_refused(tmp_path: Path, target: Path) -> None:
    packer = bz2.BZ2Compressor()
    zeros = [packer.compress(bytes(HARMLESS)) for _ in range(TOGETHER // HARMLESS + 1)]
    (tmp_path / "a.tar.bz2").write_bytes(b"".join(zeros) + packer.flush())
    refused(tmp_path / "a.tar.bz2", target, r"'what follows the end' and those before it unpack to")


def test_a_zip_that_lies_about_a_bomb_needs_little_memory(tmp_path: Path, target: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1": bytes(HARMLESS)}, zipfile.ZIP_BZIP2)
    content = path.read_bytes()
    short = content.replace(HARMLESS.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(short)
    refused(path, target, r"member 'cats/1' is damaged .*its checksum is wrong")


@pytest.mark.usefixtures("small_total")
def test_a_bomb_of_many_members_in_a_zip_is_refused(tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as packed:
        for number in range(TOGETHER // HARMLESS + 1):
            packed.writestr(f"cats/{number}", bytes(HARMLESS), compresslevel=1)
    refused(tmp_path / "a.zip", target, r"member 'cats/2' and those before it unpack to 50,331,648 bytes from")
    assert not target.exists()
