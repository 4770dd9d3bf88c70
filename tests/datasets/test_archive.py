"""Archives are indexed as they are; damaged and hostile ones are refused with a line that names the member."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive import HARMLESS, LARGEST
from alexnet_pipe.datasets.archive_file import open_archive
from tests.datasets.archives import FILES, refused
from tests.datasets.files import tar_entry, write_entries, write_tar, write_zip


def test_folder_entries_are_told_from_files(tmp_path: Path) -> None:
    with open_archive(write_zip(tmp_path / "a.zip", {"cats/": b"", "cats/1": b"", "dogs\\": b""})) as archive:
        assert (archive.folders(), [member.name for member in archive.members()]) == (["cats/", "dogs\\"], ["cats/1"])
    with open_archive(write_entries(tmp_path / "a.tar", [(tar_entry("cats", tarfile.DIRTYPE), b"")])) as archive:
        assert (archive.folders(), archive.members()) == (["cats"], [])


@pytest.mark.parametrize("name", ["/etc/1.jpg", "cats/../../1.jpg", "C:\\1.jpg", "..\\1.jpg", "\\1.jpg"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    for path in (write_zip(tmp_path / "a.zip", {name: b""}), write_tar(tmp_path / "a.tar", {name: b""})):
        refused(path, r"member .*1\.jpg' leads out of the archive: pack the archive again")


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"cats/1.jpg": bytes(HARMLESS + 1)}, zipfile.ZIP_DEFLATED)
    refused(path, r"member 'cats/1\.jpg' unpacks to 16,777,217 bytes from 1\d,\d+: pack the archive again without it")
    path = write_tar(tmp_path / "a.tar", {"cats/1.jpg": b""})
    entry = tar_entry("cats/1.jpg", size=LARGEST + 1)
    path.write_bytes(entry.tobuf() + bytes(10240))
    refused(path, r"member 'cats/1\.jpg' has 1,073,741,825 bytes, more than a photograph")


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
@pytest.mark.parametrize("kept", [0, 1, 700, 2000])
def test_a_cut_archive_is_damaged(tmp_path: Path, name: str, kept: int) -> None:
    path = (write_zip if name == "a.zip" else write_tar)(tmp_path / name, FILES)
    path.write_bytes(path.read_bytes()[:kept])
    refused(path, r"is damaged or of an unknown kind \(.+\): fetch or pack it again$")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.zip is missing"):
        open_archive(tmp_path / "none.zip")
