"""Archives that are small and unpack to very much are refused, and hardly a byte of them is written."""

import bz2
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.datasets import archive
from alexnet_pipe.datasets.archive import HARMLESS
from tests.datasets.files import (
    PACKERS,
    repack_refused,
    tar_entry,
    write_zip,
    written_below,
)

TOGETHER = 2 * HARMLESS


@pytest.fixture
def small_total(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "HARMLESS_TOGETHER", TOGETHER)


@pytest.mark.parametrize("compression", sorted(PACKERS))
def test_a_bomb_is_refused_and_not_written(tmp_path: Path, packed: Path, compression: str) -> None:
    tar = tar_entry("bomb", size=HARMLESS + 512).tobuf() + bytes(HARMLESS + 512)
    (tmp_path / "a.tgz").write_bytes(PACKERS[compression].compress(tar))
    repack_refused(
        tmp_path / "a.tgz", packed, r"member 'bomb' unpacks to 16,777,728 bytes from [\d,]+: pack the archive"
    )
    assert len(written_below(packed.parent)) < 20_000


@pytest.mark.usefixtures("small_total")
def test_a_bomb_of_many_harmless_files_is_refused(tmp_path: Path, packed: Path) -> None:
    packer = bz2.BZ2Compressor()
    entry = tar_entry("cats/0", size=HARMLESS).tobuf() + bytes(HARMLESS)
    content = b"".join(packer.compress(entry) for _ in range(TOGETHER // HARMLESS + 1)) + packer.flush()
    (tmp_path / "a.tar.bz2").write_bytes(content)
    repack_refused(
        tmp_path / "a.tar.bz2", packed, r"'cats/0' and those before it unpack to 33,\d+,\d+ bytes from [\d,]+: pack"
    )


@pytest.mark.usefixtures("small_total")
def test_a_bomb_behind_the_end_is_refused(tmp_path: Path, packed: Path) -> None:
    packer = bz2.BZ2Compressor()
    zeros = [packer.compress(bytes(HARMLESS)) for _ in range(TOGETHER // HARMLESS + 1)]
    (tmp_path / "a.tar.bz2").write_bytes(b"".join(zeros) + packer.flush())
    repack_refused(tmp_path / "a.tar.bz2", packed, r"'what follows the end' and those before it unpack to")


def test_a_zip_that_lies_about_a_bomb_needs_little_memory(tmp_path: Path, packed: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1": bytes(HARMLESS)}, zipfile.ZIP_BZIP2)
    content = path.read_bytes()
    short = content.replace(HARMLESS.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(short)
    repack_refused(path, packed, r"member 'cats/1' is damaged .*its checksum is wrong")


@pytest.mark.usefixtures("small_total")
def test_a_bomb_of_many_members_in_a_zip_is_refused(tmp_path: Path, packed: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as bombs:
        for number in range(TOGETHER // HARMLESS + 1):
            bombs.writestr(f"cats/{number}", bytes(HARMLESS), compresslevel=1)
    repack_refused(tmp_path / "a.zip", packed, r"member 'cats/2' and those before it unpack to 50,331,648 bytes from")
    assert not packed.exists()
