"""Small image stores, in memory and on the disk."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.preparation.near_duplicates import across_splits
from alexnet_pipe.stages.mean import image_sum, mean_image
from alexnet_pipe.statistics.over_shards import StoredShard
from alexnet_pipe.statistics.pca import colour_products, rgb_pca
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import (
    CLASSES_FILE,
    DIGESTS_FILE,
    INDEX_FILE,
    RESIZE_FILE,
    shard_name,
    write_classes,
)


def random_store(images: int, classes: int = 2, shards: int = 1, seed: int = 0) -> ImageStore:
    """Random pixels, labels 0, 1, …, 0, 1, …, as `shards` arrays."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (images, 256, 256, 3), dtype=np.uint8)
    labels = np.arange(images) % classes
    rows = pd.DataFrame(
        {
            "label": labels,
            "container": "photos.zip",
            "member": [f"{n}.jpg" for n in range(images)],
            "sha256": [f"{n:064x}" for n in range(images)],
        }
    )
    names = [f"class {n}" for n in range(classes)]
    return ImageStore(names, rows, np.array_split(pixels, shards))


def light_and_dark(images: int) -> ImageStore:
    """Class 0 is dark and class 1 is light: two classes that anything can learn."""
    store = random_store(images)
    for shard in store.shards:
        shard //= 2
        shard[1::2] += 128
    return store


def stored_shards(folder: Path, pixels: np.ndarray, shards: int = 1) -> list[StoredShard]:
    """uint8 `(n, 256, 256, 3)` as `shards` files."""
    parts = np.array_split(pixels, shards)
    works = [StoredShard(folder / f"{number}-of-{shards}.npy", len(part)) for number, part in enumerate(parts)]
    for work, part in zip(works, parts, strict=True):
        np.save(work.path, part)
    return works


def write_test_images(artifacts: Artifacts, store: ImageStore) -> None:
    """Have `data/images` hold `store`, of one shard, as its test images."""
    artifacts.images.mkdir(parents=True)
    np.save(artifacts.images / shard_name("test", 0), store.shards[0])
    rows = store.rows.assign(split="test", shard=shard_name("test", 0), row=range(len(store)))
    rows.to_parquet(artifacts.images / INDEX_FILE, index=False)
    write_classes(artifacts.images / CLASSES_FILE, store.classes)
    save_json(artifacts.images / RESIZE_FILE, {"policy": "crop", "background": "white"})


def training_folder(root: Path, images: int, validation: int, **sections: dict[str, object]) -> Artifacts:
    """A folder that `alexnet-pipe stage train` can run in: light and dark images, their statistics, params.yaml."""
    artifacts = Artifacts(root)
    artifacts.images.mkdir(parents=True)
    index = []
    for split, count in (("train", images), ("validation", validation)):
        store = light_and_dark(count)
        np.save(artifacts.images / shard_name(split, 0), store.shards[0])
        index.append(store.rows.assign(split=split, shard=shard_name(split, 0), row=range(count)))
    pd.concat(index).to_parquet(artifacts.images / INDEX_FILE, index=False)
    write_classes(artifacts.images / CLASSES_FILE, store.classes)
    shards = artifacts.images.glob("*.npy")
    save_json(artifacts.images / DIGESTS_FILE, {path.name: file_digest(path) for path in shards})
    save_json(artifacts.images / RESIZE_FILE, {"policy": "squash", "background": "black"})
    across_splits(store.rows.assign(split="train"), np.zeros((len(store), 32), np.uint8)).to_parquet(
        artifacts.near_duplicates
    )
    shard = StoredShard(artifacts.images / shard_name("train", 0), images)
    save_array(artifacts.mean, mean_image([image_sum(shard)]))
    components = rgb_pca([colour_products(shard)])
    content = {"eigenvalues": components.eigenvalues.tolist(), "eigenvectors": components.eigenvectors.tolist()}
    save_json(artifacts.pca, content)
    (root / "params.yaml").write_text(yaml.safe_dump(sections))
    return artifacts
