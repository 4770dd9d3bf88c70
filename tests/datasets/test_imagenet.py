"""ImageNet is read out of its published archives, by offset; what does not fit together is refused."""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.datasets.imagenet import ImageNet
from alexnet_pipe.datasets.labels import class_names
from alexnet_pipe.datasets.place import Container, Place
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.stages import download, resize
from alexnet_pipe.store.image_store import ImageStore
from tests.datasets.files import write_folder
from tests.datasets.imagenet_files import (
    LABELS,
    TEST_2012,
    TRAIN_2012,
    TRUTH_2010,
    WORDS,
    class_archives,
    class_photographs,
    ilsvrc2010,
    ilsvrc2012,
    numbered,
    photograph,
    tar,
)

SETTER, LAST = "n02100735.tar", "n02110185.tar"


def make(folder: Path, files: dict[str, bytes], copy: bool = False) -> tuple[ImageNet, Path]:
    """The source, and an empty folder to fetch it into."""
    (folder / "fetched").mkdir()
    return ImageNet(str(write_folder(folder / "published", files)), copy), folder / "fetched"


def index(folder: Path, files: dict[str, bytes], copy: bool = False) -> pd.DataFrame:
    source, target = make(folder, files, copy)
    source.fetch(target)
    return source.index(target)


def refused(folder: Path, files: dict[str, bytes], message: str, copy: bool = False) -> None:
    with pytest.raises(UserError, match=message) as error:
        index(folder, files, copy)
    assert "\n" not in str(error.value)


def original(row: pd.Series) -> bytes:
    """The content of the photograph that a row of 2012 should lead to."""
    stem = Path(row["member"]).stem
    number, _, image = stem.rpartition("_")
    return photograph(f"{number}{int(image)}")


def test_every_photograph_is_a_row_with_label_and_split(tmp_path: Path) -> None:
    rows = index(tmp_path, ilsvrc2012(training=2, held_out=[2, 3, 1, 1]))
    training = [
        (TRAIN_2012, f"{number}.tar/{number}_{image}.JPEG", label, "train")
        for number, label in zip(WORDS, LABELS, strict=True)
        for image in (1, 2)
    ]
    held_out = [
        (TEST_2012, f"ILSVRC2012_val_{image:08}.JPEG", LABELS[number - 1], "test")
        for image, number in enumerate([2, 3, 1, 1], 1)
    ]
    columns = ["container", "member", "label", "split"]
    assert list(rows[columns].itertuples(index=False, name=None)) == training + held_out


def test_places_lead_into_the_outer_archives(tmp_path: Path) -> None:
    for _, row in index(tmp_path, ilsvrc2012()).iterrows():
        with Container(tmp_path / "published" / row["container"]) as container:
            content = container.read(row["member"], Place._make(row[list(Place._fields)]))
        assert content == original(row)


def test_2010_has_all_three_splits_as_published(tmp_path: Path) -> None:
    rows = index(tmp_path, ilsvrc2010())
    assert rows["split"].value_counts().to_dict() == {"train": 6, "validation": 2, "test": 3}
    held_out = rows[rows["split"] != "train"]
    assert dict(zip(held_out["member"], held_out["label"], strict=True)) == {
        "val/ILSVRC2010_val_00000001.JPEG": LABELS[2],
        "val/ILSVRC2010_val_00000002.JPEG": LABELS[0],
        "test/ILSVRC2010_test_00000001.JPEG": LABELS[1],
        "test/ILSVRC2010_test_00000002.JPEG": LABELS[1],
        "test/ILSVRC2010_test_00000003.JPEG": LABELS[0],
    }


def test_a_copy_is_the_published_files_and_needs_no_others(tmp_path: Path) -> None:
    files = ilsvrc2010()
    source, target = make(tmp_path, files, copy=True)
    source.fetch(target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == files
    (tmp_path / "published").rename(tmp_path / "elsewhere")
    assert len(source.index(target)) == 11


def test_the_version_changes_with_size_and_time_of_any_file(tmp_path: Path) -> None:
    source, _ = make(tmp_path, ilsvrc2010())
    versions = [source.version(), source.version()]
    (tmp_path / "published" / TRUTH_2010).write_bytes(b"1\n1\n1")
    versions.append(source.version())
    os.utime(tmp_path / "published/ILSVRC2010_images_val.tar", (1, 1))
    versions.append(source.version())
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


@pytest.mark.parametrize("copy", [False, True])
def test_disk_and_time_are_said_up_front(tmp_path: Path, capsys: pytest.CaptureFixture[str], copy: bool) -> None:
    source, target = make(tmp_path, ilsvrc2012(), copy)
    source.fetch(target)
    (line,) = capsys.readouterr().out.splitlines()
    # 1,331,167 · 256 · 256 · 3 bytes.
    for part in ("ILSVRC2012 has 1,331,167 images", "the store takes 262 GB", "GB are free here", "minutes on"):
        assert part in line
    assert ("the copy" in line) == copy


def test_a_class_that_the_kit_does_not_know_is_refused(tmp_path: Path) -> None:
    archives = class_archives(1) | {"n09999999.tar": tar(class_photographs("n09999999", 1))}
    message = rf"{TRAIN_2012}: n09999999\.tar is no class of the development kit: fetch both again$"
    refused(tmp_path, ilsvrc2012() | {TRAIN_2012: tar(archives)}, message)


def test_a_class_without_an_archive_is_named(tmp_path: Path) -> None:
    archives = {name: content for name, content in class_archives(1).items() if name != SETTER}
    message = rf"{TRAIN_2012} has no {SETTER} \(classes missing in all: 1\): fetch it again$"
    refused(tmp_path, ilsvrc2012() | {TRAIN_2012: tar(archives)}, message)


def test_a_class_without_images_is_named(tmp_path: Path) -> None:
    files = ilsvrc2012() | {TRAIN_2012: tar(class_archives(1) | {SETTER: tar({})})}
    refused(tmp_path, files, rf"{TRAIN_2012}, {SETTER} has no images: fetch it again$")


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_labels_is_refused(tmp_path: Path, count: int) -> None:
    files = ilsvrc2012(held_out=[1, 2]) | {TEST_2012: tar(numbered("ILSVRC2012_val", count))}
    message = (
        rf"{TEST_2012} has {count} images, but ILSVRC2012_validation_ground_truth\.txt 2 labels: fetch both again$"
    )
    refused(tmp_path, files, message)


@pytest.mark.parametrize("name", [TRAIN_2012, TEST_2012])
@pytest.mark.parametrize("kept", [0, 700, 5000])
@pytest.mark.parametrize("copy", [False, True])
def test_a_cut_archive_is_damaged(tmp_path: Path, name: str, kept: int, copy: bool) -> None:
    files = ilsvrc2012()
    message = rf"{tmp_path}/published/{name}.* is damaged .*: fetch (or pack )?it again$"
    refused(tmp_path, files | {name: files[name][:kept]}, message, copy)


@pytest.mark.parametrize("cut", ["all", "in a header", "in a photograph", "after a photograph", "at its end"])
@pytest.mark.parametrize("name", [SETTER, LAST])
def test_a_cut_class_archive_is_damaged(tmp_path: Path, cut: str, name: str) -> None:
    whole = class_archives(2)[name]
    second_header = whole.rindex(b"ustar") - 257
    end = -(-len(whole.rstrip(b"\0")) // 512) * 512
    kept = {
        "all": 0,
        "in a header": 100,
        "in a photograph": 700,
        "after a photograph": second_header,
        "at its end": end,
    }
    files = ilsvrc2012() | {TRAIN_2012: tar(class_archives(2) | {name: whole[: kept[cut]]})}
    refused(tmp_path, files, rf"{TRAIN_2012}, {name} (is damaged|has no images).*: fetch (or pack )?it again$")


def test_a_broken_header_in_a_class_archive_loses_nothing_silently(tmp_path: Path) -> None:
    content = class_archives(3)[SETTER].replace(b"n02100735_2", b"n02100735_9", 1)
    files = ilsvrc2012() | {TRAIN_2012: tar(class_archives(3) | {SETTER: content})}
    refused(tmp_path, files, rf"{TRAIN_2012}, {SETTER} is damaged .*no valid header at byte")


def test_download_and_resize_read_the_archives_in_place(tmp_path: Path) -> None:
    location = write_folder(tmp_path / "published", ilsvrc2012(training=12, held_out=[1, 1, 2, 2, 3, 3]))
    before = {path: path.stat().st_mtime_ns for path in location.iterdir()}
    artifacts = Artifacts(tmp_path / "project")
    download.run(artifacts, DatasetParams(source="imagenet", location=str(location), copy=False, validation_share=0.02))
    resize.run(artifacts, ResizeParams())

    manifest = pd.read_parquet(artifacts.manifest)
    assert manifest.groupby(["split", "label"]).size().to_dict() == {
        (split, label): count for split, count in (("train", 11), ("validation", 1), ("test", 2)) for label in LABELS
    }
    for split, images in (("train", 33), ("validation", 3), ("test", 6)):
        store = ImageStore.open(artifacts.images, split)
        assert len(store) == images
        # In the order of the WordNet numbers, as Caffe and Keras number them.
        assert list(store.classes) == class_names(LABELS) == sorted(LABELS)
        labels = manifest.set_index("member")["label"]
        for position in range(0, images, 4):
            row = store.rows.iloc[position]
            assert store.classes[store.labels[position]] == labels[row["member"]]
            with Image.open(io.BytesIO(original(row))) as image:
                expected = image.convert("RGB").resize((256, 256), Image.Resampling.BICUBIC)
            np.testing.assert_array_equal(store[position], np.asarray(expected))

    assert [path.name for path in artifacts.source.iterdir()] == ["location.json"]
    assert not [path for path in tmp_path.rglob("*") if path.suffix.upper() in (".JPEG", ".JPG")]
    assert {path: path.stat().st_mtime_ns for path in location.iterdir()} == before
