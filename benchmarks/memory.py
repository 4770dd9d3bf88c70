"""Peak memory of the stage `train`, with many images and with a tenth of them."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.paper import SIDE
from alexnet_pipe.store.store_files import (
    CLASSES_FILE,
    INDEX_FILE,
    RESIZE_FILE,
    SHARD_IMAGES,
    shard_name,
    write_classes,
)

IMAGES = (800, 8000)
PARAMS = {
    "model": {"width": 0.25, "initialisation": "he"},
    "train": {"batch_size": 32, "learning_rate": 0.001, "max_epochs": 1, "on_flat_loss": "warn"},
}


def show() -> None:
    peaks = {}
    for images in IMAGES:
        with tempfile.TemporaryDirectory() as folder:
            _make_folder(Path(folder), images)
            peaks[images] = peak_anonymous([sys.executable, "-m", "alexnet_pipe", "stage", "train"], Path(folder))
    few, many = IMAGES
    print("peak memory of `alexnet-pipe stage train`, width 0.25, batch 32, one epoch")
    print("  without the store's pages, which are the kernel's cache and given back when memory is short")
    print(f"  {few:,} images {peaks[few] / 1e6:,.0f} MB, {many:,} images {peaks[many] / 1e6:,.0f} MB")
    print(f"  {'peak memory, ten times the images':44} {peaks[many] / peaks[few]:.2f} (at most 1.1)")


def peak_anonymous(command: list[str], folder: Path) -> int:
    """The most memory that `command` has of its own (`RssAnon`), in bytes, looked at twenty times a second."""
    peak = 0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            lines = [line for line in status.read_text().splitlines() if line.startswith("RssAnon")]
            peak = max([peak, *(1024 * int(line.split()[1]) for line in lines)])
            time.sleep(0.05)
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return peak


def _make_folder(folder: Path, images: int) -> None:
    """What the stage reads: black images but for a few random ones, so that the disk need not hold them."""
    artifacts = Artifacts(folder)
    artifacts.images.mkdir(parents=True)
    generator = np.random.default_rng(0)
    index = []
    for split, count in (("train", images), ("validation", 64)):
        for number, start in enumerate(range(0, count, SHARD_IMAGES)):
            rows = min(SHARD_IMAGES, count - start)
            name = shard_name(split, number)
            shard = np.lib.format.open_memmap(artifacts.images / name, "w+", np.uint8, (rows, SIDE, SIDE, 3))
            shard[:16] = generator.integers(0, 256, (min(16, rows), SIDE, SIDE, 3), dtype=np.uint8)
            index.append(pd.DataFrame({"split": split, "shard": name, "row": range(rows)}))
    whole = pd.concat(index, ignore_index=True)
    whole = whole.assign(label=whole.index % 2, container="", member="", sha256="")
    whole.to_parquet(artifacts.images / INDEX_FILE, index=False)
    write_classes(artifacts.images / CLASSES_FILE, ["a", "b"])
    save_json(artifacts.images / RESIZE_FILE, {"policy": "crop", "background": "white"})
    artifacts.mean.parent.mkdir()
    np.save(artifacts.mean, np.zeros((SIDE, SIDE, 3), np.float32))
    artifacts.pca.write_text(json.dumps({"eigenvalues": [0.1, 0.01, 0.001], "eigenvectors": np.eye(3).tolist()}))
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS))
