"""Archives and Parquet files inside: what is in them takes their place, bounded, and nothing of it is left over."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.archive_file import obstacle
from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.pack import repack
from tests.datasets.files import contents, named, repack_refused, write_folder, write_tar, write_zip

TRAIN = named(f"train/{label}.{number}.jpg" for label in ("cat", "dog") for number in range(2))
TEST = named(f"test1/{number}.jpg" for number in range(2))


def packed_bytes(folder: Path, name: str, files: Mapping[str, bytes]) -> bytes:
    """The bytes of an archive whose kind its name says."""
    if name.endswith(".zip"):
        return write_zip(folder / name, files, zipfile.ZIP_DEFLATED).read_bytes()
    return write_tar(folder / name, files, "gz" if name.endswith("gz") else "").read_bytes()


@pytest.fixture
def dogs_and_cats(tmp_path: Path) -> dict[str, bytes]:
    inside = {name: packed_bytes(tmp_path, name, files) for name, files in (("train.zip", TRAIN), ("test1.zip", TEST))}
    return inside | {"sampleSubmission.csv": b"id,label\n"}


WHOLE = {f"{name.split('/')[0]}/{name}": content for name, content in (TRAIN | TEST).items()}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zips_in_a_zip_are_packed_anew(
    tmp_path: Path, packed: Path, dogs_and_cats: dict[str, bytes], compression: int
) -> None:
    outer = write_zip(tmp_path / "outer.zip", dogs_and_cats, compression)
    assert obstacle(outer) == "its photographs are in files inside it ('test1.zip', 'train.zip')"
    repack(outer, packed)
    assert contents(packed) == WHOLE | {"sampleSubmission.csv": b"id,label\n"}
    assert [path.name for path in packed.parent.iterdir()] == [packed.name]
    assert obstacle(packed) == ""


@pytest.mark.parametrize("outer", ["a.zip", "a.tar", "a.tar.gz"])
@pytest.mark.parametrize("inner", ["b.zip", "b.tar", "b.tgz"])
def test_archives_of_any_kind_in_archives_of_any_kind(tmp_path: Path, packed: Path, outer: str, inner: str) -> None:
    files = {f"caltech/{inner}": packed_bytes(tmp_path, inner, named(["cats/1.jpg"])), "caltech/show.m": b"x"}
    packed_bytes(tmp_path, outer, files)
    repack(tmp_path / outer, packed)
    assert contents(packed) == {"caltech/b/cats/1.jpg": b"cats/1.jpg", "caltech/show.m": b"x"}


def test_a_folder_of_archives_is_packed_with_what_is_in_them(
    tmp_path: Path, target: Path, dogs_and_cats: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    source = Directory(str(write_folder(tmp_path / "dogs-vs-cats", dogs_and_cats)))
    source.fetch(target)
    rows = source.index(target)
    assert set(rows["label"]) == {"cat", "dog"}
    assert len(rows) == len(TRAIN)
    assert capsys.readouterr().out.splitlines() == [
        "download: packed anew with what is in 2 files inside (test1.zip, train.zip)",
        "download: photographs of the test split without a label, left out: 2",
        "download: labels from the names of the files, as cat.0.jpg",
    ]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_has_to_be_packed_anew_is_not_read_in_place(
    tmp_path: Path, target: Path, dogs_and_cats: dict[str, bytes], kind: str
) -> None:
    write = {"folder": write_folder, "zip": write_zip}[kind]
    source = Directory(str(write(tmp_path / f"a.{kind}", dogs_and_cats)), copy=False)
    source.fetch(target)
    with pytest.raises(UserError, match=r"inside it \('test1\.zip', 'train\.zip'\): set dataset\.copy to true, or"):
        source.index(target)


def test_archives_beside_photographs_are_left_alone(tmp_path: Path) -> None:
    assert obstacle(write_zip(tmp_path / "a.zip", {"cats/1.jpg": b"", "more.zip": b"no archive"})) == ""


def test_two_archives_of_one_name_and_a_folder_of_that_name_stay_apart(tmp_path: Path, packed: Path) -> None:
    one = packed_bytes(tmp_path, "one.zip", named(["1.jpg"]))
    two = packed_bytes(tmp_path, "two.tar", named(["1.jpg"]))
    repack(
        write_zip(tmp_path / "o.zip", {"a.zip": one, "a.tar": two, "b.zip": one, "b/x.txt": b"", "b.csv": b""}), packed
    )
    assert sorted(contents(packed)) == ["a.tar/1.jpg", "a.zip/1.jpg", "b.csv", "b.zip/1.jpg", "b/x.txt"]


def test_a_bomb_in_an_archive_inside_is_refused(tmp_path: Path, packed: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.jpg", bytes(1 << 24))
    outer = write_zip(tmp_path / "a.zip", {"bomb.zip": inner.getvalue()}, zipfile.ZIP_DEFLATED)
    repack_refused(outer, packed, r"member '\d+\.jpg' and those before it unpack to")
    assert [path.name for path in packed.parent.iterdir()] in ([], [packed.name])


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (b"<html>404</html>", r"outer\.zip, train\.zip is damaged or of an unknown kind"),
        (None, r"outer\.zip, train\.zip: member '\.\./1\.jpg' leads out of the archive"),
    ],
)
def test_a_damaged_or_hostile_archive_inside_is_named(
    tmp_path: Path, packed: Path, inner: bytes | None, message: str
) -> None:
    content = inner or packed_bytes(tmp_path, "b.zip", {"../1.jpg": b""})
    repack_refused(write_zip(tmp_path / "outer.zip", {"train.zip": content}), packed, message)
