"""Each photograph is read once; one that its archive has damaged has no digest, and stops nothing."""

import hashlib
import struct
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets import manifest
from alexnet_pipe.datasets.index import index_archive, index_folder
from alexnet_pipe.datasets.manifest import DAMAGED, hashed
from tests.datasets.files import patched, write_folder, write_tar, write_zip

PETS = {"cats/1.jpg": b"first cat" * 50, "cats/2.jpg": b"second cat" * 50, "dogs/1.jpg": b"", "dogs/2.jpg": b"dog"}
GOOD = {name: hashlib.sha256(content).hexdigest() for name, content in PETS.items()}


def digests(path: Path) -> dict[str, str]:
    rows = hashed(index_archive(path, "pets"), path.parent)
    return dict(zip(rows["member"], rows["sha256"], strict=True))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_hashed(tmp_path: Path, method: int) -> None:
    assert digests(write_zip(tmp_path / "a.zip", PETS, method)) == GOOD


def test_a_tar_and_a_folder_are_hashed(tmp_path: Path) -> None:
    assert digests(write_tar(tmp_path / "a.tar", PETS)) == GOOD
    folder = write_folder(tmp_path / "pets", PETS)
    rows = hashed(index_folder(folder, "pets"), folder)
    assert dict(zip(rows["member"], rows["sha256"], strict=True)) == GOOD


def test_every_row_keeps_its_own_digest_in_whatever_order_they_are(tmp_path: Path) -> None:
    index = index_archive(write_zip(tmp_path / "a.zip", PETS), "pets")
    shuffled = index.sample(frac=1, random_state=3)
    rows = hashed(shuffled, tmp_path)
    pd.testing.assert_frame_equal(rows.drop(columns="sha256"), shuffled)
    assert dict(zip(rows["member"], rows["sha256"], strict=True)) == GOOD


def test_a_member_that_does_not_fit_its_checksum_has_no_digest(tmp_path: Path) -> None:
    path = patched(write_zip(tmp_path / "a.zip", PETS), b"second", b"sacond")
    assert digests(path) == GOOD | {"cats/2.jpg": DAMAGED}


def test_a_deflated_member_that_is_damaged_has_no_digest(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", PETS, zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    start = content.index(b"cats/2.jpg") + len(b"cats/2.jpg")
    content[start] ^= 0x06  # The kind of the first block.
    path.write_bytes(content)
    assert digests(path) == GOOD | {"cats/2.jpg": DAMAGED}


@pytest.mark.parametrize(("field", "change"), [(16, 1), (20, -1), (20, 1), (24, -1), (24, 1)])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_directory_that_lies_about_checksum_or_sizes_is_found_out(
    tmp_path: Path, field: int, change: int, method: int
) -> None:
    path = write_zip(tmp_path / "a.zip", PETS, method)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2") + field
    content[at : at + 4] = struct.pack("<I", struct.unpack_from("<I", content, at)[0] + change)
    path.write_bytes(content)
    # One packed byte more or less is nothing to deflate, which knows its end: what the checksum approves is right.
    harmless = field == 20 and method == zipfile.ZIP_DEFLATED
    assert digests(path) == GOOD | ({} if harmless else {"dogs/2.jpg": DAMAGED})


def test_progress_counts_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []

    class Counted:
        def __init__(self, task: str, total: int, unit: str) -> None:
            assert (total, unit) == (4, "files read")

        def __enter__(self) -> object:
            return lambda: steps.append(1)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(manifest, "progress", Counted)
    digests(write_tar(tmp_path / "a.tar", PETS))
    assert len(steps) == 4


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", PETS)
    index = index_folder(folder, "pets")
    (folder / "dogs/2.jpg").unlink()
    with pytest.raises(UserError, match=r"'dogs/2\.jpg' cannot be read \(No such file or directory\): mend"):
        hashed(index, folder)
