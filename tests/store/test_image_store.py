"""Images are found in their shards, read in place, and missing parts are named."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import DIGESTS_FILE, INDEX_FILE, shard_name, write_classes
from tests.stores import training_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three training images in two shards, each filled with its number, and one test image."""
    save_array(tmp_path / shard_name("train", 0), np.stack([np.full((256, 256, 3), n, np.uint8) for n in (0, 1)]))
    save_array(tmp_path / shard_name("train", 1), np.full((1, 256, 256, 3), 2, np.uint8))
    save_array(tmp_path / shard_name("test", 0), np.full((1, 256, 256, 3), 9, np.uint8))
    shards = ["train-00000.npy", "train-00000.npy", "train-00001.npy", "test-00000.npy"]
    index = pd.DataFrame(
        {
            "split": ["train"] * 3 + ["test"],
            "shard": shards,
            "row": [0, 1, 0, 0],
            "label": [0, 1, 1, 0],
            "container": "x.zip",
            "member": list("abcd"),
            "sha256": "0",
        }
    )
    index.to_parquet(tmp_path / "index.parquet")
    write_classes(tmp_path / "classes.json", ["Katze", "Hündin"])
    return tmp_path


def test_a_split_has_its_images_labels_and_class_names(folder: Path) -> None:
    store = ImageStore.open(folder, "train")
    assert len(store) == 3
    assert store.labels.tolist() == [0, 1, 1]
    assert store.classes == ("Katze", "Hündin")
    assert [int(store[n][0, 0, 0]) for n in range(3)] == [0, 1, 2]
    assert store.gather([2, 0])[:, 5, 5, 1].tolist() == [2, 0]
    assert ImageStore.open(folder, "test").rows["member"].tolist() == ["d"]


def test_images_are_views_into_the_file_not_copies(folder: Path) -> None:
    store = ImageStore.open(folder, "train")
    assert isinstance(store.shards[0], np.memmap)
    assert np.shares_memory(store[1], store.shards[0])


def test_a_bit_that_flipped_is_found_when_the_split_is_opened_for_training(folder: Path) -> None:
    save_json(folder / "digests.json", {path.name: file_digest(path) for path in folder.glob("*.npy")})
    assert len(ImageStore.open_intact(folder, "train")) == 3
    shard = folder / "train-00001.npy"
    status, content = shard.stat(), bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    os.utime(shard, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(UserError, match=r"train-00001\.npy has other bytes than the resize wrote"):
        ImageStore.open_intact(folder, "train")
    assert len(ImageStore.open_intact(folder, "test")) == 1


def test_an_empty_split_and_a_missing_shard_are_named(folder: Path) -> None:
    with pytest.raises(UserError, match="the validation split has no images"):
        ImageStore.open(folder, "validation")
    (folder / "train-00001.npy").unlink()
    with pytest.raises(UserError, match=r"train-00001\.npy is missing: run `dvc repro`"):
        ImageStore.open(folder, "train")


@pytest.mark.parametrize("name", [INDEX_FILE, DIGESTS_FILE, shard_name("train", 0)])
@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_file_of_a_store_is_named(tmp_path: Path, name: str, kept: int) -> None:
    images = training_folder(tmp_path, images=2, validation=2).images
    (images / name).write_bytes((images / name).read_bytes()[:kept])
    with pytest.raises(UserError, match=rf"{name} is damaged \(.+\): remove it, then `dvc checkout`"):
        ImageStore.open_intact(images, "train")
