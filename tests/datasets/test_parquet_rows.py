"""Hugging Face's Parquet files: images by row, labels by name, splits by the names of the files."""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets import archive, parquet_rows
from alexnet_pipe.datasets.directory import Directory
from tests.datasets.files import contents, repack_refused, write_folder, write_zip

IMAGE = {"_type": "Image"}
CLASSES = {"_type": "ClassLabel", "names": ["tench, Tinca tinca", "T - shirt / top"]}
IMAGES = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def write_parquet(
    path: Path, labels: list[int], features: dict[str, Any] | None = None, images: list[Any] | None = None
) -> Path:
    images = images or [{"bytes": b"\x89PNG%d" % number, "path": None} for number in range(len(labels))]
    table = pa.table({"image": pa.array(images, IMAGES), "label": labels, "caption": ["x" * 300] * len(labels)})
    noted = {"info": {"features": {"image": IMAGE, "label": CLASSES} if features is None else features}}
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(noted)}), path)
    return path


def test_shards_become_photographs_with_the_names_of_their_classes(tmp_path: Path, target: Path) -> None:
    for number in range(2):
        write_parquet(tmp_path / f"pets/data/train-0000{number}-of-00002.parquet", [0, 1])
    write_parquet(tmp_path / "pets/data/test-00000-of-00001.parquet", [1])
    source = Directory(str(write_folder(tmp_path / "pets", {"README.md": b"# Pets"})))
    source.fetch(target)
    rows = source.index(target).sort_values("member")
    assert rows[["member", "label", "split"]].to_numpy().tolist() == [
        ["data/test-00000-of-00001/0000000.png", "T - shirt / top", "test"],
        ["data/train-00000-of-00002/0000000.png", "tench, Tinca tinca", "train"],
        ["data/train-00000-of-00002/0000001.png", "T - shirt / top", "train"],
        ["data/train-00001-of-00002/0000000.png", "tench, Tinca tinca", "train"],
        ["data/train-00001-of-00002/0000001.png", "T - shirt / top", "train"],
    ]
    (made,) = target.iterdir()
    assert contents(made)["data/test-00000-of-00001/0000000.png"] == b"\x89PNG0"


def test_configurations_that_each_have_the_same_split_are_refused(tmp_path: Path, target: Path) -> None:
    for name in ("full_size/train-0", "full_size/test-0", "320px/train-0"):
        write_parquet(tmp_path / f"pets/{name}.parquet", [0, 1])
    with pytest.raises(UserError, match="'320px' and 'full_size' each hold the split train in Parquet"):
        Directory(str(tmp_path / "pets")).fetch(target)


def test_one_file_and_a_zip_of_files_are_read_alike(tmp_path: Path, target: Path) -> None:
    one = write_parquet(tmp_path / "pets.parquet", [0, 0, 1, 1])
    source = Directory(str(one))
    source.fetch(target)
    assert sorted(source.index(target)["label"]) == ["T - shirt / top"] * 2 + ["tench, Tinca tinca"] * 2
    (made,) = target.iterdir()
    made.unlink()
    zipped = Directory(str(write_zip(tmp_path / "pets.zip", {"pets.parquet": one.read_bytes()})))
    zipped.fetch(target)
    assert len(zipped.index(target)) == 4


def test_rows_without_image_or_label_are_left_out_and_told(
    tmp_path: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [{"bytes": b"GIF8%d" % number, "path": "a/x.JPG"} for number in range(4)] + [None]
    source = Directory(str(write_parquet(tmp_path / "pets.parquet", [0, 1, 1, -1, 1], images=images)))
    source.fetch(target)
    rows = source.index(target)
    assert sorted(rows["member"]) == ["0000000.jpg", "0000001.jpg", "0000002.jpg"]
    assert "rows without an image, left out: 1" in capsys.readouterr().out


@pytest.mark.parametrize("images", [[], [None]])
def test_a_file_without_rows_with_an_image_is_an_error(images: list[None], tmp_path: Path, packed: Path) -> None:
    table = pa.table({"image": pa.array(images, pa.binary()), "label": ["cat"] * len(images)})
    parquet.write_table(table, tmp_path / "a.parquet")
    repack_refused(tmp_path / "a.parquet", packed, "has no row with an image: fill or remove it")


def test_several_labels_of_a_row_are_refused_and_a_list_of_one_is_that_label(tmp_path: Path, target: Path) -> None:
    path = tmp_path / "pets.parquet"
    for first, message in (["a"], ""), (["a", "b"], "is no name of a class"):
        images = pa.array([{"bytes": b"\x89PNG%d" % number, "path": None} for number in range(4)], IMAGES)
        parquet.write_table(
            pa.table({"image": images, "labels": [first, ["b"], ["a"], ["b"]], "shelter": list("xyxy")}), path
        )
        source = Directory(str(path))
        source.fetch(target)
        if message:
            with pytest.raises(UserError, match=message):
                source.index(target)
        else:
            assert sorted(source.index(target)["label"]) == ["a", "a", "b", "b"]
        next(target.iterdir()).unlink()


@pytest.mark.parametrize(
    ("labels", "features", "images", "message"),
    [
        ([0, 7], None, None, "has a label 7, but names of 2 classes"),
        ([0], None, [{"bytes": None, "path": "a.jpg"}], "refers to 'a.jpg' outside of it"),
        (
            [0],
            {"image": {"_type": "Audio"}, "label": IMAGE},
            [{"bytes": b"", "path": ""}],
            "has no column of images",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error(
    tmp_path: Path, packed: Path, labels: list[int], features: Any, images: Any, message: str
) -> None:
    repack_refused(write_parquet(tmp_path / "a.parquet", labels, features, images), packed, message)


def test_a_file_without_images_or_with_two_columns_of_them_is_an_error(tmp_path: Path, packed: Path) -> None:
    parquet.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    repack_refused(tmp_path / "a.parquet", packed, "has no column of images: there must be one")
    parquet.write_table(pa.table({"one": [b"a"], "two": [b"a"]}), tmp_path / "a.parquet")
    repack_refused(tmp_path / "a.parquet", packed, r"has several columns of images \('one', 'two'\)")


@pytest.mark.parametrize(("repeated", "what"), [(False, "'its rows'"), (True, r"'0+\d\.jpg'")])
def test_a_bomb_is_refused(
    tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch, repeated: bool, what: str
) -> None:
    monkeypatch.setattr(archive, "HARMLESS_TOGETHER", 1 << 20)
    rows = pa.table({"image": [bytes(1 << 17)] * 9})
    parquet.write_table(rows, tmp_path / "a.parquet", compression="zstd", use_dictionary=repeated)
    repack_refused(tmp_path / "a.parquet", packed, f"{what} and those before it unpack to")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its data")
def test_what_unpacks_to_more_than_the_file_says_takes_no_memory(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, size = tmp_path / "lying.parquet", 1 << 28
    parquet.write_table(
        pa.table({"image": [bytes(size)], "label": ["a"]}), path, compression="zstd", use_dictionary=False
    )
    content = path.read_bytes()
    told = parquet.read_metadata(path).row_group(0)
    for number in {told.total_byte_size, told.column(0).total_uncompressed_size}:
        true = varint(2 * number)
        content = content.replace(true, varint(2 * 1000, len(true)))
    path.write_bytes(content)
    assert parquet.read_metadata(path).row_group(0).total_byte_size == 1000
    monkeypatch.setattr(parquet_rows, "ROOM", 1 << 26)
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(UserError, match=r"lying\.parquet takes more memory than it says that its rows have"):
        Directory(str(path)).fetch(target)
    assert resource.getrlimit(resource.RLIMIT_DATA) == limits


def varint(number: int, width: int = 0) -> bytes:
    """Of Thrift, in `width` bytes at least."""
    low = []
    while number >= 128 or len(low) < width - 1:
        low.append(number & 127 | 128)
        number >>= 7
    return bytes([*low, number])


@pytest.mark.parametrize("broken", ["cut", "flipped", "web page"])
def test_a_damaged_file_is_an_error_of_one_line(tmp_path: Path, packed: Path, broken: str) -> None:
    content = write_parquet(tmp_path / "a.parquet", [0, 1]).read_bytes()
    changed = {"cut": content[:-20], "flipped": content[:-60] + bytes(8) + content[-52:], "web page": b"<html>"}[broken]
    with pytest.raises(UserError, match=r"a\.parquet is damaged or of an unknown kind") as caught:
        Directory(str(write_folder(tmp_path, {"a.parquet": changed}) / "a.parquet")).fetch(packed.parent)
    assert "\n" not in str(caught.value)
