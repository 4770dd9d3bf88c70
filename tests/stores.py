"""A small image store in memory."""

import numpy as np
import pandas as pd

from alexnet_pipe.store.image_store import ImageStore


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
